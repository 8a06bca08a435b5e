"""The live picture of a running sweep: progress, counts, the best so far, running trials, last decisions."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from search.history import Record
from search.trial import Trial, trial_id
from search.views.tally import Tally
from search.views.wording import clean, config_line, duration, number, sparkline, values_line

__all__ = ["STATE_STYLES", "counts", "screen"]

STATE_STYLES = {
    "running": "cyan",
    "waiting": "dim",
    "paused": "blue",
    "completed": "green",
    "stopped": "yellow",
    "failed": "red",
}
_SPARK = 32  # characters
_ROWS = 8  # running trials that are shown


def screen(tally: Tally, console: Console) -> RenderableType:
    """Everything at once, never wider than the terminal and at most 16 lines high."""
    plain = not console.encoding.startswith("utf")
    parts: list[RenderableType] = [_progress(tally), counts(tally), *_best(tally, console.width, plain)]
    running = tally.running
    if running:
        parts.append(_running(tally, running, console.width, plain))
    parts += [
        Text(
            clean(
                f"{trial_id(record['trial'])} {_verb(record)}: {record['reason']}",
                ascii_only=plain,
            ),
            "dim",
            no_wrap=True,
            overflow="crop",
        )
        for record in tuple(tally.decisions)
    ]
    return Group(*parts)


def counts(tally: Tally) -> Text:
    """`37 of 60 trials closed (22 completed, 14 stopped, 1 failed), 4 running; 332 steps`."""
    budget = tally.problem.budget
    line = Text(
        f"{tally.total_closed}" + (f" of {budget.trials}" if budget.trials else "") + " trials closed"
    )
    closed = [(f"{n} {state}", STATE_STYLES[state]) for state, n in tally.closed.items() if n]
    if closed:
        line.append(" (").append_text(Text(", ").join(Text(*each) for each in closed)).append(")")
    line.append(", ").append(f"{len(tally.running)} running", STATE_STYLES["running"])
    if tally.paused:
        line.append(", ").append(f"{tally.paused} paused", STATE_STYLES["paused"])
    return line.append(f"; {tally.steps}" + (f" of {budget.steps}" if budget.steps else "") + " steps")


def _progress(tally: Tally) -> RenderableType:
    limit, spent, left, speed = tally.problem.budget.seconds, tally.spent(), tally.left(), tally.speed()
    facts = [duration(tally.now()) + (f" of {duration(limit)}" if limit is not None else "")]
    if left:
        facts.append(f"about {duration(left)} left")
    if speed is not None:
        facts.append(f"{number(speed)} steps/s")
    row = Table.grid(padding=(0, 2))
    words = Text(", ".join(facts), no_wrap=True, overflow="crop")
    if spent is None:
        row.add_row(words)
    else:
        row.add_row(
            ProgressBar(total=1.0, completed=spent, width=30, complete_style="cyan"), f"{spent:4.0%}", words
        )
    return row


def _best(tally: Tally, width: int, plain: bool) -> list[RenderableType]:
    if tally.problem.secondary:
        return _front(tally, width, plain)
    best, metric = tally.best, clean(tally.problem.objective.metric, 40, ascii_only=plain)
    if best is None or best.best is None:
        return [Text(f"no {metric} yet", "dim")]
    line = Text.assemble(
        ("best  ", "bold"),
        f"{metric} ",
        (number(tally.best_value), "bold green"),
        f"  {best.id} step {best.best.step}  ",
        (sparkline(list(tally.climb), tally.steps, _SPARK, ascii_only=plain), "green"),
        no_wrap=True,
        overflow="crop",
    )
    config = config_line(best.config, max(20, width - 6), ascii_only=plain)
    return [line, Text(" " * 6 + config, "dim", no_wrap=True, overflow="crop")]


def _front(tally: Tally, width: int, plain: bool) -> list[RenderableType]:
    """How many trials are on the front, and the best of the first objective."""
    best = tally.best
    if not tally.front or best is None:
        return [Text("no front yet", "dim")]
    line = Text.assemble(
        ("front  ", "bold"),
        (f"{len(tally.front)}", "bold green"),
        f" trials; {best.id}: {values_line(tally.history, best, ascii_only=plain)}",
        no_wrap=True,
        overflow="crop",
    )
    config = config_line(best.config, max(20, width - 7), ascii_only=plain)
    return [line, Text(" " * 7 + config, "dim", no_wrap=True, overflow="crop")]


def _running(tally: Tally, running: list[Trial], width: int, plain: bool) -> RenderableType:
    objective = tally.problem.objective
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("trial", "step", "last", "best"):
        table.add_column(
            title, no_wrap=True, overflow="crop", justify="left" if title == "trial" else "right"
        )
    table.add_column("config", no_wrap=True, overflow="crop")
    for trial in running[:_ROWS]:
        best, last = trial.best, trial.last
        table.add_row(
            Text(trial.id, STATE_STYLES[trial.state]),
            f"{trial.steps}/{tally.problem.max_steps}",
            number(last.metrics.get(objective.metric) if last is not None else None),
            number(objective.value(best.score) if best is not None and best.score is not None else None),
            Text(config_line(trial.config, max(20, width - 36), ascii_only=plain), "dim"),
        )
    if len(running) > _ROWS:
        table.add_row(Text(f"and {len(running) - _ROWS} more", "dim"))
    return table


def _verb(record: Record) -> str:
    if record.get("audit"):
        return "audited"
    return record["outcome"] or "goes on"
