"""The runner's interface: execute the trials that a sweep asks for."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from search.paths import RunPaths
from search.resources import Resources
from search.storage import Home
from search.sweep import PassiveSweep
from trainables.plug import Plug

__all__ = ["Clock", "Lanes", "Resources", "Runner", "StopSignal", "Work"]


class StopSignal:
    """Set from a signal handler or another thread: the runner lets running trials finish their step, then ends.

    `urgent`: asked twice; the runner ends at once. `asked`: when it was first asked for, on the monotonic clock. The
    journal is sound either way.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._listener: Callable[[], None] | None = None
        self.reason = ""
        self.urgent = False
        self.asked: float | None = None

    def request(self, reason: str) -> None:
        self.urgent = self._event.is_set()
        self.reason = reason
        if self.asked is None:
            self.asked = time.monotonic()
        self._event.set()
        if self._listener is not None:
            self._listener()

    @contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """While this is open, each request calls `listener`, in whatever thread it came."""
        self._listener = listener
        try:
            yield
        finally:
            self._listener = None

    def __bool__(self) -> bool:
        return self._event.is_set()


class Clock:
    """Seconds on a sweep's clock: monotonic, going on from where the journal stands."""

    def __init__(self, elapsed: float) -> None:
        self._zero = time.monotonic() - elapsed

    def now(self) -> float:
        return time.monotonic() - self._zero


@dataclass(frozen=True)
class Lanes:
    """How many trials are trained as one computation.

    `width`: trials in the lanes of one cohort at most. `queue`: trials that may be open at a time, in a lane or waiting
    for one, with one cohort; at least `width`. More of them let trials of one shape find one another.
    """

    width: int = 64
    queue: int = 256


@dataclass(frozen=True)
class Work:
    """What a runner executes.

    `paths` None: nothing is written (a simulation). `workers`: trials at the same time; None = as many as the
    `resources` carry. `checkpoint_every`: steps between two checkpoints. `base`: directory that relative trainable
    references start from (where the sweep file lies). `home`: the store that `paths` belongs to, if any. `lanes`: None = each
    trial is trained by itself.
    """

    plug: Plug
    paths: RunPaths | None = None
    resources: Resources = field(default_factory=Resources)
    workers: int | None = None
    stop: StopSignal = field(default_factory=StopSignal)
    checkpoint_every: int = 1
    base: Path = field(default_factory=lambda: Path(os.getcwd()))
    home: Home | None = None
    lanes: Lanes | None = None


class Runner(Protocol):
    """Drives a sweep to its end.

    For each trial of `sweep.ask`: `start`, then `report` after every step until a decision has an outcome (or the
    trainable finishes by itself: completed), then `close`. Trials that are open when the sweep is handed over (a
    resume) go on from their newest sound checkpoint that holds no more steps than were reported.
    """

    def run(self, sweep: PassiveSweep, work: Work) -> str:
        """Until the sweep is spent, or `work.stop` is set; returns why it ended.

        `sweep.end` has been journalled. Raises JournalError when the journal cannot be written: the trials are
        stopped, and everything recorded is sound.
        """
