"""What is said when a driver ends: the winner, the counts, what it took, and what to type next."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from search.history import History
from search.views.wording import clean, config_line, counted, duration, number, seen

__all__ = ["verdict"]


def verdict(
    history: History, where: str | None, commands: Sequence[str], *, ascii_only: bool = False
) -> list[Text]:
    """One `Text` a line. `where`: the run directory, as it is to be shown; `commands`: to copy."""
    objective = history.problem.objective
    metric = clean(objective.metric, 60, ascii_only=ascii_only)
    if history.ended is None:
        head = "Broken off; everything recorded is sound"
    else:
        done = "Finished" if history.finished else "Not finished"
        head = f"{done}: {clean(history.ended, ascii_only=ascii_only)}"
    lines = [Text(head, "bold")]

    def say(title: str, text: str, style: str = "") -> None:
        lines.append(Text.assemble((f"  {title:<8}", "dim"), (text, style)))

    best = history.best
    if best is None or best.best is None or best.best.score is None:
        say("winner", f"none: no trial reported a finite {metric}")
    else:
        value = number(objective.value(best.best.score))
        say("winner", f"{best.id}  {metric} {value} {seen(history.problem, best.best.step)}", "bold green")
        say("", config_line(best.config, 400, ascii_only=ascii_only))
    by_state: dict[str, int] = {}
    for trial in history.trials:
        by_state[trial.state] = by_state.get(trial.state, 0) + 1
    order = ("completed", "stopped", "failed", "running", "waiting")
    parts = [f"{by_state[state]} {state}" for state in order if state in by_state]
    say("trials", f"{len(history.trials)}" + (f": {', '.join(parts)}" if parts else ""))
    say("spent", f"{counted(history.steps_total, 'step')} in {duration(history.now)}")
    if history.audited:
        extra = sum(history.trials[number].steps - step for number, step in history.audited.items())
        say(
            "audit",
            f"{counted(len(history.audited), 'stopped trial')} ran on: {counted(extra, 'step')} of these",
        )
    if where is not None:
        say("files", clean(where, 400, ascii_only=ascii_only))
    for index, command in enumerate(commands):
        say("" if index else "next", clean(command, 1000, ascii_only=ascii_only))
    return lines
