"""A stack: the lanes of one shape, filled and freed one by one, trained together a step at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from trainables.errors import TrainableError
from trainables.neural.lanes.checkpoint import put_weights, read_lane, state_of, weights_of, write_lane
from trainables.neural.lanes.lane import Lane
from trainables.neural.lanes.shape import Refusal, Shape, lane_shape
from trainables.neural.lanes.training import StackedTraining, updates_in
from trainables.neural.supervised import Supervised, use_threads
from trainables.plug import Plug

__all__ = ["Stack"]

FIRST_ROWS = (
    4  # a stack has room for, and doubles it as it fills: a sweep may have many shapes of few configs each
)


class Stack:
    """Trains up to `width` trials of one shape as one computation; each is a lane, at its own step.

    ```
    stack = Stack(plug, shape, width=64)
    stack.add(7, config, seed=1)                    # at any time, while a lane is free
    reports = stack.step()                          # {7: {"val/loss": ...}}: an epoch of every lane
    stack.save(7, directory)                        # the files of an ordinary trial
    stack.free(7)                                   # the others close ranks
    ```

    A lane reports what its trial would report alone, but for the rounding of its arithmetic. What a lane draws, and what
    becomes of it, does not depend on its neighbours.

    Args:
        plug: the trainable.
        shape: of all configs that are to come (`lane_shape`).
        width: lanes at most, at least 1.
        device: "cpu", "cuda" or "cuda:N".
        threads: on a CPU, how many parts of the lanes may be computed at the same time, at least 1. What a lane reports
            depends on it by the rounding of its arithmetic alone.

    Raises:
        TrainableError: a width below 1.
    """

    def __init__(
        self, plug: Plug, shape: Shape, *, width: int, device: str = "cpu", threads: int = 1
    ) -> None:
        if width < 1:
            raise TrainableError(f"a stack has at least 1 lane, not {width}")
        self.plug, self.shape, self.width, self.device, self.threads = plug, shape, width, device, threads
        self._lanes: list[Lane] = []  # of the rows 0, 1, ...
        self._ended: dict[int, tuple[Lane, dict[str, Any]]] = {}
        self._training: StackedTraining | None = None

    @property
    def lanes(self) -> tuple[int, ...]:
        """The keys of the lanes that are occupied; one whose training is over is, until it is freed."""
        return (*(lane.key for lane in self._lanes), *self._ended)

    def add(self, key: int, config: Mapping[str, Any], *, seed: int, checkpoint: Path | None = None) -> None:
        """Begin a trial in a free lane, or go on with one.

        Args:
            key: the caller's name for it.
            config: nested, with its data.
            seed: of the trial, 0 <= seed < 2**32.
            checkpoint: a directory that `save` wrote, or the host of the same trial; None = from the beginning.

        Raises:
            TrainableError: no lane is free, the key is taken, or the config is of another shape.
            DataError: the data cannot be read.
            CheckpointError: the checkpoint cannot be read, or is of another architecture.
        """
        if key in self.lanes:
            raise TrainableError(f"lane {key} is occupied; free it first")
        if len(self.lanes) >= self.width:
            raise TrainableError(f"all {self.width} lanes are occupied; free one first")
        shape = lane_shape(self.plug, config)
        if shape != self.shape:
            said = shape.reason if isinstance(shape, Refusal) else str(shape)
            raise TrainableError(f"the config does not fit this stack ({self.shape}): {said}")
        trainable: Supervised = self.plug.target()
        prepared = trainable.prepare(config, self.device)
        place = torch.device(self.device)
        lane = Lane(key, trainable, prepared, seed=seed, device=place, updates=updates_in(prepared))
        if self._training is None:
            assert lane.module is not None
            rows = min(FIRST_ROWS, self.width)
            self._training = StackedTraining(lane.module, prepared, rows, place, self.threads)
        row = len(self._lanes)
        if row == self._training.rows:
            self._training.grow(min(2 * row, self.width))
        self._training.put(row, lane)
        if checkpoint is not None:
            read_lane(checkpoint, self._training, row, lane)
        self._lanes.append(lane)

    def step(self) -> dict[int, dict[str, float] | Exception]:
        """One epoch of every lane.

        Returns:
            by key what the trial alone would report; `StopIteration` of a trial that is over by itself: it was not trained.
        """
        for lane in [lane for lane in self._lanes if lane.over]:
            self._end(lane)
        reports: dict[int, dict[str, float] | Exception] = {key: StopIteration() for key in self._ended}
        if self._lanes:
            assert self._training is not None
            use_threads(self._lanes[0].options["threads"])  # another stack may have asked for others
            metrics = self._training.epoch(self._lanes)
            for row, (lane, own) in enumerate(zip(self._lanes, metrics, strict=True)):
                self._after_epoch(row, lane, own)
                reports[lane.key] = own
        return reports

    def save(self, key: int, directory: Path) -> None:
        """Write a trial's checkpoint into the existing `directory`: that of the host of the same trial.

        Raises:
            TrainableError: there is no such lane.
        """
        if key in self._ended:
            lane, state = self._ended[key]
        else:
            row = self._row(key)
            assert self._training is not None
            lane, state = self._lanes[row], state_of(self._training, row, self._lanes[row])
        write_lane(directory, state, lane)

    def free(self, key: int) -> None:
        """Give a lane up; the last of the stack moves into its place.

        Raises:
            TrainableError: there is no such lane.
        """
        if self._ended.pop(key, None) is None:
            self._remove(self._row(key))

    def close(self) -> None:
        """Give all lanes and their memory up."""
        self._lanes, self._ended, self._training = [], {}, None

    def _row(self, key: int) -> int:
        for row, lane in enumerate(self._lanes):
            if lane.key == key:
                return row
        raise TrainableError(f"there is no lane {key}; occupied: {', '.join(map(str, self.lanes)) or 'none'}")

    def _remove(self, row: int) -> None:
        assert self._training is not None
        last = len(self._lanes) - 1
        if row != last:
            self._training.move(last, row)
            self._lanes[row] = self._lanes[last]
        self._lanes.pop()

    def _end(self, lane: Lane) -> None:
        """Keep the state of a trial that is over, and give its row to another."""
        assert self._training is not None
        row = self._row(lane.key)
        self._ended[lane.key] = lane, state_of(self._training, row, lane)
        self._remove(row)

    def _after_epoch(self, row: int, lane: Lane, metrics: dict[str, float]) -> None:
        """The schedule and early stopping, as after an epoch of a trial alone."""
        assert self._training is not None
        lane.epochs += 1
        lane.schedule.epoch(metrics["val/loss"])
        if lane.best is None:
            return
        lane.best.watch(metrics["val/loss"], weights_of(self._training, row))
        lane.stopped = lane.best.exhausted
        if lane.over and lane.best.weights is not None:
            put_weights(self._training, row, lane.best.weights)
            metrics |= self._training.validate(slice(row, row + 1))[0]
