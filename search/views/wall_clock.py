"""Seconds on the sweep's clock as seconds since the epoch, for views that other programs read."""

from __future__ import annotations

import time
from bisect import bisect_left
from datetime import datetime

from search.history import History

__all__ = ["WallClock"]


class WallClock:
    """Seconds on the sweep's clock -> seconds since the epoch. Each driver sets it anew: the time between does not count."""

    def __init__(self) -> None:
        self._nows, self._walls = [0.0], [time.time()]
        self._started = False

    @classmethod
    def of(cls, history: History) -> WallClock:
        """The clock that the journal's times of beginning and resuming tell."""
        clock = cls()
        marks = [(0.0, history.began), *((record["now"], record.get("t")) for record in history.resumes)]
        clock._nows = [now for now, _ in marks]
        clock._walls = [datetime.fromisoformat(t).timestamp() if t else time.time() for _, t in marks]
        return clock

    def start(self, now: float) -> None:
        """The first trial record of this driver comes at `now`; until it came, the runner was being set up."""
        if not self._started:
            self._walls[-1] = time.time() - (now - self._nows[-1])
            self._started = True

    def at(self, now: float) -> float:
        """What happened exactly at a resume was written by the driver before it."""
        driver = max(0, bisect_left(self._nows, now) - 1)
        return self._walls[driver] + now - self._nows[driver]
