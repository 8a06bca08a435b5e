"""What boosting trainables have in common: some rounds a step, grown by one library or another."""

from __future__ import annotations

import importlib.util
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np

from trainables.base import Declaration, Trainable
from trainables.classical.fitting import refuse_generation
from trainables.classical.measure import Floats, metrics, softmax
from trainables.data import Dataset, load
from trainables.errors import CheckpointError, TrainableError
from trainables.options import Rule, read_options
from trainables.supervised import declaration_for

__all__ = ["Forest", "Rounds", "probabilities", "threads"]

CHECKPOINT = "rounds.json"


class Forest(ABC):
    """The trees so far, and what they put out for the training and the validation rows."""

    train: Floats
    """Outputs for the training rows: probabilities (rows, classes), or values."""
    valid: Floats
    """The same for the validation rows."""

    @abstractmethod
    def grow(self, rounds: int, seed: int) -> None:
        """Add `rounds` rounds, sampling with `seed`, and bring `train` and `valid` up to date."""

    @property
    @abstractmethod
    def model(self) -> Any:
        """The library's own model of all trees so far; a list of them where there is one for each of several values."""

    @abstractmethod
    def predict(self, x: Floats) -> Floats:
        """What all trees so far put out for any rows (rows, features), as in `valid`."""

    @abstractmethod
    def save(self, directory: Path) -> None:
        """Write the model."""

    @abstractmethod
    def load(self, directory: Path) -> None:
        """Read what `save` wrote, and put out the same.

        Raises:
            CheckpointError: it is missing or cut.
        """


class Rounds(Trainable):
    """A boosting trainable. A subclass says its `name`, `defaults`, `declared`, and how to begin a `Forest`.

    The option ``rounds_per_step``, at least 1, belongs to all of them.
    """

    name: ClassVar[str]
    package: ClassVar[str]
    defaults: ClassVar[Mapping[str, Any]]
    rules: ClassVar[Mapping[str, Rule]]
    """What the library would not refuse by itself, or too late."""

    @abstractmethod
    def begin(self, data: Dataset, options: Mapping[str, Any], seed: int) -> Forest:
        """A forest without trees."""

    @final
    @classmethod
    def declare(cls, data: Mapping[str, Any] | None) -> Declaration:
        """As `declared`, but predicted numbers minimise "val/rmse".

        Raises:
            TrainableError: the library is not installed.
            DataError: the data cannot be read.
        """
        if importlib.util.find_spec(cls.package) is None:
            raise TrainableError(
                f"{cls.name} needs a package that is not installed: pip install 'tuneyard[boosting]'"
            )
        declared = replace(cls.declared, defaults=cls.defaults, options=tuple(cls.defaults), rules=cls.rules)
        return declaration_for(declared, data, owner=cls.name)

    @final
    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        """Load the data; the device is not used.

        Raises:
            TrainableError: an unknown option, or one out of its range.
            DataError: the data cannot be read.
        """
        options = read_options(config, self.defaults, self.name)
        for name, rule in self.rules.items():
            if (refusal := rule.refusal(options[name])) is not None:
                raise TrainableError(f"{self.name}: {name} {refusal}")
        self._data = load(config.get("data") or self.declared.data or "")
        refuse_generation(self._data, self.name)
        self._rounds_per_step: int = options["rounds_per_step"]
        self._seed, self._steps = seed, 0
        self._forest = self.begin(self._data, options, seed)

    @final
    def step(self) -> Mapping[str, float]:
        """Grow the next rounds and measure."""
        self._forest.grow(self._rounds_per_step, _seed_of_step(self._seed, self._steps))
        self._steps += 1
        return self.measure()

    @final
    def measure(self) -> Mapping[str, float]:
        """The metrics of the model as it stands."""
        d = self._data
        return metrics(d.task, self._forest.train, d.train_y, self._forest.valid, d.valid_y)

    @final
    def save(self, directory: Path) -> None:
        """Write the number of steps, and the model."""
        (directory / CHECKPOINT).write_text(json.dumps({"steps": self._steps}))
        if self._steps:
            self._forest.save(directory)

    @final
    def load(self, directory: Path) -> None:
        """Go on with the model that `save` wrote.

        Raises:
            CheckpointError: a file is missing or cut.
        """
        file = directory / CHECKPOINT
        try:
            steps = int(json.loads(file.read_text())["steps"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{file} cannot be read: {error}") from error
        if steps:
            self._forest.load(directory)
        self._steps = steps

    @final
    @property
    def estimator(self) -> Any:
        """The library's own model of all trees; a list of them where there is one for each of several values.

        Raises:
            TrainableError: before the first step.
        """
        self._check_grown()
        return self._forest.model

    @final
    def predict(self, x: Floats) -> Floats:
        """Probabilities (rows, classes), or values (rows,) or (rows, horizon) in the target's unit, of prepared inputs.

        Raises:
            TrainableError: before the first step.
        """
        self._check_grown()
        return self._forest.predict(x)

    def _check_grown(self) -> None:
        if not self._steps:
            raise TrainableError(
                f"{self.name}: there is no tree before the first step; call step() or load() first"
            )

    @final
    def draw(self, directory: Path) -> None:
        """Pictures of the predictions for the validation rows; none before the first step."""
        from trainables.pictures import draw_evaluation

        if self._steps:
            draw_evaluation(directory, self._data, self._forest.valid)


def probabilities(margins: Floats, n_classes: int) -> Floats:
    """Margins as outputs: values as they are; (rows,) of two classes, or (rows, classes), as probabilities."""
    if not n_classes:
        return margins
    if margins.ndim == 1:
        margins = np.column_stack([np.zeros(len(margins)), margins])
    return softmax(margins)


def _seed_of_step(seed: int, steps: int) -> int:
    """The seed, below 2**31, of the step that follows so many: no state of a generator has to be saved."""
    return int(np.random.default_rng([seed, steps]).integers(2**31))


def threads(wanted: int) -> int:
    """`wanted` threads, or where it is 0 as many as OMP_NUM_THREADS allows, else 1."""
    return wanted or int(os.environ.get("OMP_NUM_THREADS") or 1)
