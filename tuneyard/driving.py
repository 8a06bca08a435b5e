"""What `run` and `resume` share: signals, progress, the summary at the end, the exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from search.runners.base import StopSignal
from tuneyard.options import print_json
from tuneyard.signals import Interruption, stopping
from tuneyard.terminal import quoted

if TYPE_CHECKING:
    from search.history import History
    from search.run import Run
    from search.sweep import Observer

__all__ = ["drive", "exit_code"]

Start = Callable[[StopSignal, Sequence["Observer"]], "Run"]


def drive(start: Start, as_json: bool) -> int:
    """Call `start` with a stop signal that Ctrl-C sets and with the views that show progress.

    Args:
        start: runs or resumes a sweep, and returns the run.
        as_json: print the summary as the last line of stdout; progress goes to stderr.

    Returns:
        the exit code.
    """
    from search.views.console import ConsoleView

    stop = StopSignal()
    with stopping(stop) as interruption:
        run = start(stop, [ConsoleView(to_stderr=as_json, next_commands=_next_commands)])
    if as_json:
        print_json(run.summary())
    return exit_code(run, interruption)


def _next_commands(root: Path, history: History) -> list[str]:
    """What to type after a run: it is named where a name finds it, else by its path."""
    storage = Path(os.environ.get("TUNEYARD_STORAGE") or "runs")
    run = quoted(root.name if storage.resolve() == root.parent.resolve() else os.path.relpath(root))
    going_on = [] if history.finished else [f"tuneyard resume {run}"]
    return [*going_on, f"tuneyard report {run} --open", f"tuneyard board {run}", f"tuneyard show {run}"]


def exit_code(run: Run, interruption: Interruption) -> int:
    """0 done, 1 nothing came out of it, 3 some trials failed, 130 and 143 interrupted before it was done."""
    match run.state:
        case "failed":
            return 1
        case "finished":
            return 3 if run.history.failed_total else 0
        case _:
            return interruption.exit_code or 130
