"""How an attempt at a trial ends: by a decision, by itself, by a crash, or before it began."""

from __future__ import annotations

import logging
import re
import traceback

from search.sweep import Decision, PassiveSweep
from search.trial import Failure, Outcome, trial_id
from trainables.host import Host

__all__ = [
    "close_as_decided",
    "close_finished",
    "close_host",
    "close_if_halted",
    "close_or_retry",
    "failure_of",
    "traceback_of",
]

log = logging.getLogger(__name__)

_LONGEST_MESSAGE = 300
_LONGEST_TRACEBACK = 100_000  # characters; an exception may hold a whole batch of data
_MACHINERY = re.compile(
    r"[/\\](search[/\\]runners[/\\]|trainables[/\\]host\.py$|ray[/\\]util[/\\]tracing[/\\])"
)
_OUT_OF_MEMORY = (
    "MemoryError",
    "OutOfMemoryError",
)  # the second: torch's, known by name without importing it


def failure_of(error: BaseException) -> Failure:
    """What the user's code raised, in one line of at most 300 characters."""
    names = [cls.__name__ for cls in type(error).__mro__]
    if isinstance(error, SystemExit):
        kind = "exited"
    elif any(name in _OUT_OF_MEMORY for name in names):
        kind = "out of memory"
    else:
        kind = "raised"
    said = " ".join(_scrubbed(_said(error)[:_LONGEST_TRACEBACK]).split())
    message = f"{names[0]}: {said}" if said else names[0]
    if len(message) > _LONGEST_MESSAGE:
        message = message[: _LONGEST_MESSAGE - 3] + "..."
    return Failure(kind, message)


def traceback_of(error: BaseException) -> str:
    """The traceback as text, causes included; it begins where a runner called into the trainable."""
    begin = error.__traceback__
    while begin is not None and _MACHINERY.search(begin.tb_frame.f_code.co_filename):
        begin = begin.tb_next
    lines = traceback.format_exception(type(error), error, begin or error.__traceback__)
    text = _printable("".join(lines))
    if len(text) > _LONGEST_TRACEBACK:
        half = _LONGEST_TRACEBACK // 2
        text = f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
    return _scrubbed(text)


def _scrubbed(text: str) -> str:
    """It is kept in the run directory, where no secret belongs."""
    from search.settings.secrets import scrubbed  # a worker needs it only once something fails

    return scrubbed(text)


def _said(error: BaseException) -> str:
    try:
        return _printable(str(error))
    except Exception:  # a __str__ of the user's that raises itself
        return "its message cannot be shown"


def _printable(text: str) -> str:
    """Text that any file takes: a lone surrogate is written as its escape."""
    return text.encode(errors="backslashreplace").decode()


def close_as_decided(sweep: PassiveSweep, number: int, decision: Decision, now: float) -> None:
    """The sweep has decided that the trial ends, and its worker has let go of it."""
    assert decision.outcome is not None
    sweep.close(number, decision.outcome, now, decision.reason, decision.failure)


def close_finished(sweep: PassiveSweep, number: int, now: float) -> None:
    """The trainable has ended by itself: completed, unless it never reported a step."""
    steps = sweep.history.trials[number].steps
    if steps:
        sweep.close(number, Outcome.COMPLETED, now, f"ended by itself after step {steps}")
    else:
        metric = sweep.problem.objective.metric
        failure = Failure("bad metric", f"ended before its first step: {metric} was never reported")
        sweep.close(number, Outcome.FAILED, now, failure.message, failure)


def close_if_halted(sweep: PassiveSweep, number: int, now: float) -> bool:
    """Before an attempt: True where a budget is spent and the trial, left open by an earlier run, was closed."""
    halt = sweep.halted(now)
    if halt is not None:
        sweep.close(number, Outcome.STOPPED, now, halt)
    return halt is not None


def close_or_retry(sweep: PassiveSweep, number: int, failure: Failure, now: float) -> bool:
    """After a crash: True where the trial is to be started again, else it is closed as failed."""
    if sweep.retries_left(number) > 0 and sweep.halted(now) is None:
        return True
    sweep.close(number, Outcome.FAILED, now, failure.message, failure)
    return False


def close_host(host: Host, number: int) -> None:
    """Let go of the trainable. What its own `close` raises changes nothing about the trial: it is warned of."""
    try:
        host.close()
    except (Exception, SystemExit) as error:
        log.warning("%s: close() of the trainable raised %r", trial_id(number), error)
