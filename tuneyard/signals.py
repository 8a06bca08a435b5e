"""Ctrl-C and SIGTERM become a request to stop, so that nothing that was computed is lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from search.runners.base import StopSignal

__all__ = ["Interruption", "stopping"]


class Interruption:
    """Which signal asked for the end, if one did."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    @property
    def exit_code(self) -> int | None:
        """130 after SIGINT, 143 after SIGTERM, None without either."""
        return None if self.signal is None else 128 + self.signal


@contextmanager
def stopping(stop: StopSignal) -> Iterator[Interruption]:
    """While this is open, the first signal lets running trials finish their step, the second ends at once.

    A third one is no longer held back: Python's own KeyboardInterrupt.
    """
    interruption = Interruption()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stop.urgent:
            raise KeyboardInterrupt
        interruption.signal = interruption.signal or signal.Signals(number)
        stop.request(f"interrupted by {signal.Signals(number).name}")
        if not stop.urgent:
            click.echo("stopping: running trials finish their step. Once more: at once", err=True)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
