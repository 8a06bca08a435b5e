"""A sweep on a terminal: a live picture, or, where there is no terminal, one line for each trial that ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from search.history import History, Record
from search.trial import Failure, Trial
from search.views.screen import STATE_STYLES, counts, screen
from search.views.tally import Tally
from search.views.verdict import verdict
from search.views.wording import broken_line, clean, counted, duration, number, seen, values_line

__all__ = ["ConsoleView"]

_FRAMES = 4  # a second
_BURST, _LINES = 20, 2.0  # lines about trials: so many at once, and so many a second
_QUIET = 30.0  # seconds without a line after which there is one about the progress

NextCommands = Callable[[Path, History], Sequence[str]]


class ConsoleView:
    """Shows a sweep as its observer. Failures are one line each, in either mode, with the path of the traceback.

    `to_stderr`: leave stdout to the program's answer. `next_commands`: given the run directory and the history, the
    command lines to print at the end. `console`: where to write, instead of the process's own stream; colour and
    NO_COLOR are its business.

    The live picture is drawn four times a second by a thread of its own, which only reads; a record costs the driver
    some microseconds. Nothing that a user named or that a trial said reaches the terminal as markup or control codes.
    """

    def __init__(
        self,
        *,
        to_stderr: bool = False,
        next_commands: NextCommands | None = None,
        console: Console | None = None,
    ) -> None:
        # Bound to the stream of now: runners redirect sys.stdout while a trial trains.
        self._console = console or Console(file=sys.stderr if to_stderr else sys.stdout)
        self._next_commands = next_commands
        self._plain = not self._console.encoding.startswith("utf")
        self._root: Path | None = None
        self._tally: Tally | None = None
        self._history: History | None = None
        self._live: Live | None = None
        self._broken: Exception | None = None
        self._pace = _Pace()

    def on_event(self, record: Record, history: History) -> None:
        """See `search.sweep.Observer`."""
        try:
            if self._broken is not None:
                raise self._broken
            if self._tally is None or record["type"] in ("sweep", "resume"):
                self._begin(record, history)
            else:
                self._tally.take(record)
                self._tell(record, history)
        except Exception:
            self._stop()  # left out from now on: give the terminal back
            raise

    def close(self) -> None:
        """Replaces the live picture by the verdict."""
        self._stop()
        if self._history is None:
            return
        commands: Sequence[str] = ()
        if self._next_commands is not None and self._root is not None:
            commands = self._next_commands(self._root, self._history)
        where = None if self._root is None else _short(self._root)
        for line in verdict(self._history, where, commands, ascii_only=self._plain):
            self._print(line)

    def leave(self) -> None:
        """Gives the terminal back without a verdict: the sweep goes on elsewhere."""
        self._stop()

    # -- inside -------------------------------------------------------------------------------------------------

    def _begin(self, record: Record, history: History) -> None:
        path = record.get("about", {}).get("path")
        self._root = Path(path) if path else None
        self._history, self._tally = history, Tally(history)
        problem = history.problem
        limits = [
            counted(problem.budget.trials, "trial") if problem.budget.trials else "",
            f"{counted(problem.budget.steps, 'step')} in all" if problem.budget.steps else "",
            duration(problem.budget.seconds) if problem.budget.seconds else "",
        ]
        budget = ", ".join(filter(None, limits)) or "until the space is exhausted"
        head = f"{self._root.name}: " if self._root is not None else ""
        wanted = ", ".join(f"{each.goal} {each.metric}" for each in problem.objectives)
        head += f"{wanted}; {budget}; {counted(problem.max_steps, 'step')} a trial"
        if record["type"] == "resume":
            head += (
                f"; goes on after {counted(sum(not trial.open for trial in history.trials), 'closed trial')}"
            )
        self._print(Text(self._clean(head), "bold"))
        if self._console.is_terminal and not self._console.is_dumb_terminal and self._live is None:
            self._live = Live(
                console=self._console, get_renderable=self._draw, refresh_per_second=_FRAMES, transient=True
            )
            self._live.start()

    def _tell(self, record: Record, history: History) -> None:
        kind = record["type"]
        if kind == "extend" and history.problem.budget.trials:
            self._print(Text(f"extended to {counted(history.problem.budget.trials, 'trial')}"))
        elif kind == "notice":
            self._print(Text(f"{duration(history.now):>12}  {self._clean(record['text'], 300)}"))
        elif kind == "close" and record["failure"] is not None:
            self._print(self._failure(history.trials[record["trial"]], Failure(**record["failure"])))
        elif kind == "start" and record["after"] is not None:
            trial = history.trials[record["trial"]]
            self._print(
                self._failure(trial, Failure(**record["after"]), f"attempt {record['attempt']} after ")
            )
        elif self._live is not None:
            return
        elif kind == "close":
            if self._pace.may():
                self._print(self._closed(history.trials[record["trial"]], history))
        elif kind == "result" and self._pace.quiet():
            self._print(self._progress(history))

    def _closed(self, trial: Trial, history: History) -> Text:
        assert self._tally is not None
        objective, state = history.problem.objective, trial.state
        line = Text.assemble(
            f"{duration(history.now):>12}  {trial.id} ", (f"{state:<9}", STATE_STYLES[state])
        )
        if history.problem.secondary:
            line.append(f"  {values_line(history, trial, ascii_only=self._plain)}")
        elif trial.best is not None and trial.best.score is not None:
            value = number(objective.value(trial.best.score))
            of = f" of {trial.steps}" if history.problem.repeats is None else ""
            line.append(
                f"  {self._clean(objective.metric, 40)} {value} {seen(history.problem, trial.best.step)}{of}"
            )
        if trial.number in history.audited:
            line.append(f"  audited: stopped at step {history.audited[trial.number]}, ran on", "yellow")
        if broken := broken_line(history, trial, ascii_only=self._plain):
            line.append(f"  breaks {broken}", "yellow")
        if history.problem.secondary:
            if any(each is trial for each in self._tally.front):
                line.append("  on the front", "bold green")
        elif history.best is trial and "confirm" not in history.about:
            line.append("  best so far", "bold green")
        if skipped := self._pace.skipped():
            line.append(f"  (and {counted(skipped, 'trial')} more since the last line)")
        return line

    def _progress(self, history: History) -> Text:
        assert self._tally is not None
        line = Text(f"{duration(history.now):>12}  ").append_text(counts(self._tally))
        if history.problem.secondary:
            line.append(f"; {counted(len(self._tally.front), 'trial')} on the front")
        elif self._tally.best_value is not None:
            metric = self._clean(history.problem.objective.metric, 40)
            line.append(f"; best {metric} {number(self._tally.best_value)}")
        return line

    def _failure(self, trial: Trial, failure: Failure, before: str = "") -> Text:
        what = self._clean(f"{before}{failure.kind}: {failure.message}")
        line = Text.assemble(f"{trial.id} ", ("retried" if before else "failed", "red"), f"  {what}")
        if failure.log is not None:
            path = failure.log if self._root is None else _short(self._root / failure.log)
            line.append(f"  {self._clean(path, 400)}", "dim")
        return line

    def _draw(self) -> RenderableType:
        """Called by the drawing thread."""
        assert self._tally is not None
        try:
            return screen(self._tally, self._console)
        except Exception as error:
            self._broken = error  # raised at the next record, where it is seen
            return Text("")

    def _clean(self, text: str, limit: int = 200) -> str:
        return clean(text, limit, ascii_only=self._plain)

    def _print(self, line: Text) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)

    def _stop(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()


class _Pace:
    """How many lines about trials a log takes: a burst, then a steady trickle."""

    def __init__(self) -> None:
        self._allowance, self._then, self._last = float(_BURST), time.monotonic(), time.monotonic()
        self._skipped = 0

    def may(self) -> bool:
        """Whether there may be a line now; if not, it is counted as skipped."""
        now = time.monotonic()
        self._allowance = min(float(_BURST), self._allowance + (now - self._then) * _LINES)
        self._then = now
        if self._allowance < 1.0:
            self._skipped += 1
            return False
        self._allowance -= 1.0
        self._last = now
        return True

    def skipped(self) -> int:
        """Lines skipped since this was last asked."""
        skipped, self._skipped = self._skipped, 0
        return skipped

    def quiet(self) -> bool:
        """Whether nothing was said for long; if so, that time begins again."""
        now = time.monotonic()
        if now - self._last < _QUIET:
            return False
        self._last = now
        return True


def _short(path: Path) -> str:
    """`path` from the current directory where it lies below, else as it is."""
    try:
        return os.fspath(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return os.fspath(path)
