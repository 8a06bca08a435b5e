"""A sweep in a notebook: one output, updated in place, below the cell that runs it; interrupting the kernel stops it.

IPython is not imported to find out: where there is a kernel, it is loaded.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from search.history import History, Record
from search.runners.base import StopSignal
from search.signals import stopping
from search.sweep import Observer
from search.trial import Failure, Trial
from search.views.markup import framed, sparkline, text
from search.views.tally import Tally
from search.views.wording import config_line, counted, duration, number

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

__all__ = ["NotebookView", "shown_in_notebooks"]

_PAUSE = 0.4  # seconds between two updates: a kernel's channel is shared with everything that it says
_ROWS, _FAILURES = 6, 3
_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


def shown_in_notebooks(start: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
    """Let a function with the keywords `observers` and `stop` show its sweep where it is called in a notebook."""

    @wraps(start)
    def begun(*args: _Given.args, **given: _Given.kwargs) -> _Answer:
        observers = cast("Sequence[Observer]", given.get("observers", ()))
        with _in_notebook(observers, cast("StopSignal | None", given.get("stop"))) as (shown, stop):
            given["observers"], given["stop"] = shown, stop
            return start(*args, **given)

    return begun


@contextmanager
def _in_notebook(
    observers: Sequence[Observer], stop: StopSignal | None
) -> Iterator[tuple[Sequence[Observer], StopSignal | None]]:
    """In a notebook: adds a view, and while it is open, interrupting the kernel stops the sweep. Elsewhere: nothing.

    A caller that brings a `stop` of its own looks after interruptions, and after views, itself.
    """
    if stop is not None or not _kernel():
        yield observers, stop
        return
    # Libraries of the searchers, and Ray, ask for ipywidgets when they are imported in a notebook.
    warnings.filterwarnings("ignore", message="IProgress not found")
    logging.getLogger("ray.widgets.util").setLevel(logging.ERROR)
    stop = StopSignal()
    view = NotebookView()
    if threading.current_thread() is not threading.main_thread():
        yield [view, *observers], stop
        return
    with stopping(stop, view.say, (signal.SIGINT,)):
        yield [view, *observers], stop


class NotebookView:
    """Shows a sweep as its observer, in one output of the cell that runs now.

    A confirmation that follows gets an output of its own. Everything that a user named is escaped.
    """

    def __init__(self) -> None:
        self._root: Path | None = None
        self._handle: DisplayHandle | None = None
        self._tally: Tally | None = None
        self._history: History | None = None
        self._failures: list[str] = []
        self._said = ""
        self._drawn = 0.0

    def on_event(self, record: Record, history: History) -> None:
        """See `search.sweep.Observer`."""
        if self._tally is None or record["type"] in ("sweep", "resume"):
            self._begin(record, history)
            return
        self._tally.take(record)
        if record["type"] == "close" and record["failure"] is not None:
            self._failures.append(_failure(history.trials[record["trial"]], Failure(**record["failure"])))
        if time.monotonic() - self._drawn >= _PAUSE:
            self._show(self._progress())

    def say(self, sentence: str) -> None:
        """Show a sentence from now on. May be called from a signal handler: it is drawn with the next record."""
        self._said, self._drawn = sentence.replace("Once more", "Interrupt again"), 0.0

    def close(self) -> None:
        """Puts the outcome in place of the progress."""
        if self._history is not None and self._handle is not None:
            self._show(self._outcome(self._history))
        self._tally = None

    # -- inside -------------------------------------------------------------------------------------------------

    def _begin(self, record: Record, history: History) -> None:
        from IPython.display import HTML, display

        path = record.get("about", {}).get("path")
        self._root = Path(path) if path else None
        self._history, self._tally = history, Tally(history)
        self._failures.clear()
        self._handle = display(HTML(framed(self._progress())), display_id=True)
        self._drawn = time.monotonic()

    def _show(self, inside: str) -> None:
        from IPython.display import HTML

        assert self._handle is not None
        self._handle.update(HTML(framed(inside)))
        self._drawn = time.monotonic()

    def _head(self, history: History) -> str:
        confirmed = history.about.get("confirm", {}).get("of")
        name = self._root.name if self._root is not None else "sweep"
        name = text(f"{confirmed}: confirmation" if confirmed else name)
        objective = history.problem.objective
        return f'<p class="ty-head">{name} <span class="ty-dim">{objective.goal} {text(objective.metric, 60)}</span></p>'

    def _progress(self) -> str:
        tally, history = self._tally, self._history
        assert tally is not None
        assert history is not None
        parts = [self._head(history)]
        if (spent := tally.spent()) is not None:
            parts.append(f'<div class="ty-bar"><div style="width:{100 * spent:.1f}%"></div></div>')
        cap = tally.problem.budget.trials
        closed = ", ".join(f"{n} {state}" for state, n in tally.closed.items() if n)
        facts = [
            f"{tally.total_closed}{f' of {cap}' if cap else ''} trials closed{f' ({closed})' if closed else ''}",
            f"{len(tally.running)} running{f', {tally.paused} paused' if tally.paused else ''}",
            counted(tally.steps, "step"),
            duration(tally.now()),
        ]
        if left := tally.left():
            facts.append(f"about {duration(left)} left")
        parts.append(f"<p>{'; '.join(facts)}</p>")
        parts.append(_best(history, tally))
        if self._said:
            parts.append(f'<p class="ty-lost">{text(self._said)}</p>')
        if tally.running:
            parts.append(_running(tally))
        parts += self._failures[-_FAILURES:]
        return "".join(parts)

    def _outcome(self, history: History) -> str:
        if history.ended is None:
            head = "Broken off; everything recorded is sound."
        else:
            head = f"{'Finished' if history.finished else 'Not finished'}: {history.ended}."
        counts: dict[str, int] = {}
        for trial in history.trials:
            counts[trial.state] = counts.get(trial.state, 0) + 1
        states = ", ".join(f"{n} {state}" for state, n in counts.items())
        spent = f"{counted(history.steps_total, 'step')} in {duration(history.now)}"
        parts = [self._head(history), f"<p>{text(head)} {text(states)}; {spent}.</p>", _best(history, None)]
        parts += self._failures[-_FAILURES:]
        if not history.finished:
            parts.append(f"<p>Go on where it stood: <code>{text(self._resume(history), 400)}</code></p>")
        return "".join(parts)

    def _resume(self, history: History) -> str:
        """What to type, in Python. A trainable that was given as an object has to be given again."""
        where = str(self._root) if self._root is not None else "last"
        trainable = str(history.about.get("settings", {}).get("trainable") or "")
        module, _, name = trainable.partition(":")
        given = f", trainable={name}" if module == "__main__" and name.isidentifier() else ""
        return f"tuneyard.resume({where!r}{given})"


def _kernel() -> bool:
    """Whether this process is the kernel of a notebook (not IPython in a terminal)."""
    interactive = sys.modules.get("IPython")
    shell: Any = interactive.get_ipython() if interactive is not None else None
    return getattr(shell, "kernel", None) is not None


def _best(history: History, tally: Tally | None) -> str:
    best, objective = history.best, history.problem.objective
    if best is None or best.best is None or best.best.score is None:
        return f'<p class="ty-dim">no {text(objective.metric, 60)} yet</p>'
    climb = sparkline(list(tally.climb), tally.steps) if tally is not None else ""
    return (
        f'<p><span class="ty-best">{text(objective.metric, 60)} {number(objective.value(best.best.score))}</span> '
        f"{best.id} at step {best.best.step} {climb}<br><code>{text(config_line(best.config, 400), 400)}</code></p>"
    )


def _running(tally: Tally) -> str:
    objective, rows = tally.problem.objective, []
    for trial in tally.running[:_ROWS]:
        last = trial.last.metrics.get(objective.metric) if trial.last is not None else None
        rows.append(
            f'<tr><td>{trial.id}</td><td class="ty-number">{trial.steps} of {tally.problem.max_steps}</td>'
            f'<td class="ty-number">{number(last)}</td><td>{text(config_line(trial.config, 120), 120)}</td></tr>'
        )
    more = len(tally.running) - _ROWS
    rest = f'<p class="ty-dim">and {more} more</p>' if more > 0 else ""
    head = '<tr><th>running</th><th class="ty-number">step</th><th class="ty-number">last</th><th>config</th></tr>'
    return f'<div class="ty-scroll"><table>{head}{"".join(rows)}</table></div>{rest}'


def _failure(trial: Trial, failure: Failure) -> str:
    return f'<p class="ty-lost">{trial.id} failed: {text(f"{failure.kind}: {failure.message}")}</p>'
