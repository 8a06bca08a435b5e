"""What is said when a driver ends: the winner, the counts, what it took, and what to type next."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from search.front import extremes_of, front_of, knee_of, points_of
from search.history import History
from search.views.wording import clean, config_line, counted, duration, number, seen, values_line

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
    if history.problem.secondary:
        for title, text, style in _front_lines(history, ascii_only):
            say(title, text, style)
    elif best is None or best.best is None or best.best.score is None:
        limits = ", ".join(
            clean(each.text, 60, ascii_only=ascii_only) for each in history.problem.outcome_constraints
        )
        none = f"has a finite {metric} and meets {limits}" if limits else f"reported a finite {metric}"
        say("winner", f"none: no trial {none}")
    elif "confirm" not in history.about:  # there the means decide, not the luckiest seed
        value = number(objective.value(best.best.score))
        say("winner", f"{best.id}  {metric} {value} {seen(history.problem, best.best.step)}", "bold green")
        say("", config_line(best.config, 400, ascii_only=ascii_only))
    by_state: dict[str, int] = {}
    for trial in history.trials:
        by_state[trial.state] = by_state.get(trial.state, 0) + 1
    order = ("completed", "stopped", "failed", "paused", "running", "waiting")
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


def _front_lines(history: History, ascii_only: bool) -> list[tuple[str, str, str]]:
    """(title, text, style) of each line about a front: how many are on it, its knee and its ends."""
    front = front_of(history)
    if not front:
        return [("front", "empty: no trial ended with a value of every objective that counts", "")]
    points = points_of(front, len(history.problem.objectives))
    lines = [("front", counted(len(front), "trial"), "bold green")]
    shown = {
        index: f"best {history.problem.objectives[place].metric}"
        for place, index in enumerate(extremes_of(points))
    }
    knee = knee_of(points)
    if knee is not None:
        shown = {knee: "knee", **shown}
    for index, what in shown.items():
        values = values_line(history, front[index], ascii_only=ascii_only)
        lines.append(("", f"{front[index].id}  {values}  ({clean(what, 60, ascii_only=ascii_only)})", ""))
    return lines
