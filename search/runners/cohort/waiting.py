"""The trials that are open and in no lane, and which of them comes next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass

from search.runners.cohort.engine import Engine
from search.runners.endings import close_if_halted
from search.sweep import PassiveSweep
from search.trial import Trial
from spaces import nest
from trainables.plug import Plug

__all__ = ["Candidate", "Waiting"]

_AHEAD = 4  # trials that may wait while no stack is open: perhaps no config of this space has a shape


@dataclass(frozen=True)
class Candidate:
    """A trial for a free lane. `shape`: None where it trains by itself."""

    number: int
    shape: Hashable | None


class Waiting:
    """Trials in the order in which they were asked for or came back, shared by all cohorts of a sweep.

    A free lane takes a trial of a shape that is being trained already, so that stacks are full. One is asked for when no
    waiting one has such a shape, so a searcher proposes no earlier than it has to: as long as all configs have one
    shape, nobody waits. A trial whose shape is rare waits until `room` trials wait; then the commonest shape among them gets
    a stack. So nobody waits for ever.

    `saving`: paused trials that cohorts were told to save, and may not have yet.
    """

    def __init__(
        self, sweep: PassiveSweep, plug: Plug, engine: Engine, room: int, stopped: Callable[[], bool]
    ) -> None:
        self._sweep, self._plug, self._engine = sweep, plug, engine
        self._room, self._stopped = room, stopped
        self._queues: dict[Hashable | None, deque[tuple[int, Candidate]]] = {}
        self._arrived = 0
        self.saving: set[int] = set()
        for trial in sweep.history.running:
            self.add(trial)

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def shape(self, trial: Trial) -> Hashable | None:
        """What other trials have to have in common with this one; None: it trains by itself."""
        return self._engine.shape(self._plug, nest(dict(trial.config)))

    def add(self, trial: Trial, *, alone: bool = False) -> None:
        """An open trial is to have a lane. `alone`: it trains by itself, whatever its shape."""
        shape = None if alone else self.shape(trial)
        self._arrived += 1
        self._queues.setdefault(shape, deque()).append((self._arrived, Candidate(trial.number, shape)))

    def needs_saving(self, trial: Trial) -> bool:
        """Whether what it goes on from, its own checkpoint or its parent's, is yet to be written."""
        return trial.number in self.saving or (not trial.attempts and trial.parent in self.saving)

    def next(self, shapes: Collection[Hashable], solo: bool, now: float) -> Candidate | None:
        """The trial for a free lane beside stacks of these shapes; `solo`: whether one that trains by itself may be it.

        None: there is none now, or the sweep is to stop.
        """
        while not self._stopped():
            found = self._chosen(shapes, solo, now)
            if found is None:
                return None
            if not close_if_halted(self._sweep, found.number, now):
                return found
        return None

    def _chosen(self, shapes: Collection[Hashable], solo: bool, now: float) -> Candidate | None:
        fitting = {*shapes, None} if solo else set(shapes)
        while True:
            found = [queue[0] for shape, queue in self._queues.items() if shape in fitting]
            if found:
                return self._taken(min(found, key=lambda each: each[0])[1].shape)
            if (not shapes and self._stackable()) or not self._may_ask(shapes):
                break
            trials = self._sweep.ask(1, now)
            if not trials:
                break
            self.add(trials[0])
        common = self._stackable()
        return self._taken(max(common, key=lambda shape: len(self._queues[shape]))) if common else None

    def _may_ask(self, shapes: Collection[Hashable]) -> bool:
        waiting = len(self)
        return waiting == 0 or (waiting < self._room and (bool(shapes) or waiting < _AHEAD))

    def _stackable(self) -> list[Hashable]:
        """Shapes of those that wait, the one that has waited longest first."""
        shapes = [shape for shape in self._queues if shape is not None]
        return sorted(shapes, key=lambda shape: self._queues[shape][0][0])

    def _taken(self, shape: Hashable | None) -> Candidate:
        queue = self._queues[shape]
        _, candidate = queue.popleft()
        if not queue:
            del self._queues[shape]
        return candidate
