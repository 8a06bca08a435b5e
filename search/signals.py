"""Ctrl-C and SIGTERM become a request to stop, so that nothing that was computed is lost."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from search.runners.base import StopSignal

__all__ = ["Interruption", "stopping"]

_GRACE = 2.0  # seconds that a runner has to end at once
_BOTH = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Which signal asked for the end, if one did."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    @property
    def exit_code(self) -> int | None:
        """130 after SIGINT, 143 after SIGTERM, None without either."""
        return None if self.signal is None else 128 + self.signal


@contextmanager
def stopping(
    stop: StopSignal,
    say: Callable[[str], None] | None = None,
    signals: Sequence[signal.Signals] = _BOTH,
) -> Iterator[Interruption]:
    """While this is open, the first signal lets running trials finish their step, the second ends at once.

    `say`: tells the user that the first one came; default: a line on stderr. `signals`: those that are taken.
    What has not ended two seconds after the second signal (or when a third comes) gets a KeyboardInterrupt: a step of a
    user's own that runs in this process. Only for the main thread.
    """
    interruption = Interruption()
    stream = sys.stderr  # a runner in this process puts another one in its place while a trial trains
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(_GRACE, signal.pthread_kill, (main, signal.SIGINT))
    timer.daemon = True

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stop.urgent:
            raise KeyboardInterrupt
        again = bool(stop)
        interruption.signal = interruption.signal or signal.Signals(number)
        stop.request(f"interrupted by {interruption.signal.name}")
        if again:
            timer.start()
        else:
            said = "stopping: running trials finish their step. Once more: at once"
            if say is None:
                print(said, file=stream, flush=True)
            else:
                say(said)

    before = {number: signal.signal(number, on_signal) for number in signals}
    try:
        yield interruption
    finally:
        timer.cancel()
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
