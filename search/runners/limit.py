"""A limit on how long a piece of the user's code may take in this process."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType

from search.runners.base import StopSignal

__all__ = ["PATIENCE", "TimeLimitError", "can_limit", "time_limit"]

PATIENCE = 8.0  # seconds that a step has to finish once a stop was asked for, as under the Ray runner


class TimeLimitError(BaseException):
    """The limit has passed. Not an Exception: the user's `except Exception` is not to swallow it."""


def can_limit() -> bool:
    """Whether this thread can be interrupted by the clock: the main one only."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def time_limit(seconds: float | None, stop: StopSignal | None = None) -> Iterator[None]:
    """Raise TimeLimitError inside the block once it has run for `seconds` (None: never), and KeyboardInterrupt `PATIENCE`
    seconds after `stop` was set.

    Works by SIGALRM, so only in the main thread, and only where Python code gets to run: a call that hangs inside a C
    library is interrupted when it returns.
    """
    if not can_limit():
        yield
        return
    end = math.inf if seconds is None else time.monotonic() + seconds

    def broken_off() -> float:
        return math.inf if stop is None or stop.asked is None else stop.asked + PATIENCE

    def wait() -> None:
        due = min(end, broken_off())
        left = 0.0 if due == math.inf else max(due - time.monotonic(), 1e-6)  # 0 would be no alarm
        signal.setitimer(signal.ITIMER_REAL, left)

    def expire(signum: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now >= broken_off():
            raise KeyboardInterrupt
        if now >= end:
            raise TimeLimitError(f"took longer than {seconds:g} s")
        wait()

    before = signal.signal(signal.SIGALRM, expire)
    try:
        with stop.telling(wait) if stop is not None else nullcontext():
            wait()
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
