"""The verbs of a trial that fits an estimator of scikit-learn: step, save, load, draw."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from trainables.classical.growth import Growing
from trainables.classical.measure import Floats, metrics, outputs
from trainables.data import Dataset
from trainables.errors import CheckpointError, TrainableError

__all__ = ["Fitting", "Scale", "refuse_generation"]

CHECKPOINT = "fitting.json"
MEASURED_ROWS = 500


class Scale:
    """Values as deviations from the mean of the training rows, in their standard deviation, and back.

    Args:
        values: (rows,) or (rows, values) of the training rows; a constant one is only shifted.
        on: whether there is anything to be done.
    """

    def __init__(self, values: Floats, on: bool) -> None:
        self._on = on
        self._shift, self._unit = np.zeros(()), np.ones(())
        if on:
            spread = values.std(axis=0)
            self._shift, self._unit = values.mean(axis=0), np.where(spread > 0, spread, 1.0)

    @property
    def shift(self) -> Floats:
        """What is subtracted: () or (values,)."""
        return self._shift

    @property
    def unit(self) -> Floats:
        """What is divided by: () or (values,), never 0."""
        return self._unit

    def inward(self, values: Floats) -> Floats:
        """From the target's unit."""
        return (values - self._shift) / self._unit if self._on else values

    def outward(self, values: Floats) -> Floats:
        """Back into it."""
        return values * self._unit + self._shift if self._on else values


class Fitting:
    """One trial.

    Args:
        data: what is learnt.
        growing: gives what grows, for the training targets as they are to be learnt.
        steps: how many steps the whole training has.
        unitless: learn values as deviations in standard deviations.
    """

    def __init__(
        self, data: Dataset, growing: Callable[[Floats], Growing], steps: int, *, unitless: bool
    ) -> None:
        self._data, self._steps, self._done = data, steps, 0
        self._scale = Scale(data.train_y, on=unitless and not data.n_classes)
        self._growing = growing(self._scale.inward(data.train_y))

    def step(self) -> dict[str, float]:
        """Train one share further and measure. "train/loss" is that of the rows trained on, of at most 500 of them.

        Raises:
            StopIteration: the training was whole after the step before.
        """
        if self._done >= self._steps:
            raise StopIteration
        self._done += 1
        self._growing.reach(self._done)
        return self.measure()

    @property
    def scale(self) -> Scale:
        """Between the target's unit and that of the estimator."""
        return self._scale

    @property
    def estimator(self) -> Any:
        """The fitted estimator; one that was not kept is fitted again first.

        Raises:
            TrainableError: before the first step.
        """
        if not self._done:
            raise TrainableError("nothing is fitted before the first step; call step() or load() first")
        if self._growing.model is None:
            self._growing.reach(self._done)
        return self._growing.model

    def predict(self, x: Floats) -> Floats:
        """Probabilities (rows, classes), or values (rows,) or (rows, values) in the target's unit.

        Raises:
            TrainableError: before the first step.
        """
        found = outputs(self.estimator, x, self._data.n_classes)
        return found if self._data.n_classes else self._scale.outward(found)

    def measure(self) -> dict[str, float]:
        """The metrics of the model as it stands; one that was not kept is fitted again first."""
        if self._growing.model is None:
            self._growing.reach(self._done)
        data, rows = self._data, self._growing.rows(self._done)
        train_x, train_y = data.train_x[rows], data.train_y[rows]
        if len(train_x) > MEASURED_ROWS:
            some = np.linspace(0, len(train_x) - 1, MEASURED_ROWS).astype(np.int64)
            train_x, train_y = train_x[some], train_y[some]
        return metrics(data.task, self._outputs(train_x), train_y, self._outputs(data.valid_x), data.valid_y)

    def save(self, directory: Path) -> None:
        """Write how far the training is, and what cannot be fitted again."""
        (directory / CHECKPOINT).write_text(json.dumps({"steps": self._done}))
        self._growing.save(directory)

    def load(self, directory: Path) -> None:
        """Go back to there; what has to be fitted again is fitted when it is needed.

        Raises:
            CheckpointError: a file is missing or cut.
        """
        file = directory / CHECKPOINT
        try:
            self._done = int(json.loads(file.read_text())["steps"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{file} cannot be read: {error}") from error
        if self._done:
            self._growing.load(directory)

    def draw(self, directory: Path) -> None:
        """Pictures of the predictions for the validation rows; none before the first step."""
        from trainables.pictures import draw_evaluation

        if not self._done:
            return
        if self._growing.model is None:
            self._growing.reach(self._done)
        draw_evaluation(directory, self._data, self._outputs(self._data.valid_x))

    def _outputs(self, x: Floats) -> Floats:
        found = outputs(self._growing.model, x, self._data.n_classes)
        return found if self._data.n_classes else self._scale.outward(found)


def refuse_generation(data: Dataset, owner: str) -> None:
    """Say that there is nothing to be predicted.

    Raises:
        TrainableError: the task is a generation.
    """
    if data.task == "generation":
        raise TrainableError(
            f"{owner} predicts classes or values; for data.task: generation there are vae and gan"
        )
