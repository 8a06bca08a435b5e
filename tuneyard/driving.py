"""What `run` and `resume` share: signals, progress, the summary at the end, the exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from search.runners.base import StopSignal
from search.signals import Interruption, stopping
from tuneyard.options import print_json, reference
from tuneyard.terminal import next_steps

if TYPE_CHECKING:
    from search.history import History, Record
    from search.run import Run
    from search.sweep import Observer

__all__ = ["drive", "exit_code"]

Start = Callable[[StopSignal, Sequence["Observer"]], "Run"]


def drive(start: Start, as_json: bool, tell: Callable[[Run], None] | None = None) -> int:
    """Call `start` with a stop signal that Ctrl-C sets and with the view that shows progress.

    Args:
        start: runs or resumes a sweep, and returns the run.
        as_json: print the summary as the last line of stdout; progress goes to stderr.
        tell: what is said at the end; default: the summary, or the next commands.

    Returns:
        the exit code.
    """
    from search.run import Run
    from search.views.console import ConsoleView

    stop, place = StopSignal(), _Place()
    with stopping(stop) as interruption:
        try:
            run = start(stop, [ConsoleView(to_stderr=as_json), place])
        except KeyboardInterrupt:
            if place.root is None:
                raise
            run = Run.open(place.root)  # the journal is sound wherever it was interrupted
    if tell is not None:
        tell(run)
    elif as_json:
        print_json(run.summary())
    else:
        _tell_confirmation(run)
        next_steps(*_next(run))
    return exit_code(run, interruption)


def exit_code(run: Run, interruption: Interruption) -> int:
    """0 done, 1 nothing came out of it, 3 some trials failed, 130 and 143 interrupted before it was done."""
    match run.state:
        case "failed":
            return 1
        case "finished":
            return 3 if run.history.failed_total else 0
        case _:
            return interruption.exit_code or 130


class _Place:
    """An observer that notes where the run lies, for when it is interrupted before it could say so."""

    def __init__(self) -> None:
        self.root: str | None = None

    def on_event(self, record: Record, history: History) -> None:
        """The first record of a driver, `sweep` or `resume`, says it."""
        self.root = self.root or record.get("about", {}).get("path")

    def close(self) -> None:
        """Nothing to let go of."""


def _tell_confirmation(run: Run) -> None:
    """What fresh seeds said, where the sweep file asked for them."""
    from search.confirmation import confirmation_of

    seeds = confirmation_of(run)
    if seeds is not None and not _outdated(run):
        from search.analysis import confirmation
        from tuneyard.commands.confirm import describe

        describe(confirmation(seeds))


def _outdated(run: Run) -> bool:
    """Whether its confirmation is of configs that are no longer the best."""
    from search.analysis import confirmation, outdated
    from search.confirmation import confirmation_of

    seeds = confirmation_of(run)
    return seeds is not None and outdated(run.history, confirmation(seeds))


def _next(run: Run) -> Iterator[str]:
    from tuneyard.commands.next import suggestion

    name = reference(run)
    if run.state not in ("finished", "failed"):
        yield f"tuneyard resume {name}"
    yield f"tuneyard show {name}"
    if run.best is not None:
        yield f"tuneyard report {name} --open"
        yield f"tuneyard board {name}"
        if run.state == "finished" and _outdated(run):
            yield f"tuneyard confirm {name} --afresh"
        if run.state in ("finished", "failed"):
            yield from suggestion(run)
    elif failed := next((trial.id for trial in run.history.trials if trial.failure), None):
        yield f"tuneyard logs {name}/{failed} --stderr"
    if run.state in ("finished", "failed") and run.history.failed_total:
        yield f"tuneyard resume {name} --retry-failed"
    elif _used_up(run):
        yield f"tuneyard resume {name} --add-trials {len(run.history.trials)}"


def _used_up(run: Run) -> bool:
    """Whether it ended because the trials asked for were done, so that more of them would take it further."""
    trials = run.history.problem.budget.trials
    return run.state == "finished" and trials is not None and len(run.history.trials) >= trials
