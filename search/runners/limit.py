"""A limit on how long a piece of the user's code may take in this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["TimeLimitError", "can_limit", "time_limit"]


class TimeLimitError(BaseException):
    """The limit has passed. Not an Exception: the user's `except Exception` is not to swallow it."""


def can_limit() -> bool:
    """Whether this thread can be interrupted by the clock: the main one only."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise TimeLimitError inside the block once it has run for `seconds`; None, or another thread: never.

    Works by SIGALRM, so only where Python code gets to run: a call that hangs inside a C library is interrupted when it
    returns.
    """
    if seconds is None or not can_limit():
        yield
        return

    def expire(signum: int, frame: FrameType | None) -> None:
        raise TimeLimitError(f"took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
