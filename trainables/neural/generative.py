"""What the models that make images have in common: their data, and the verbs of a trainable."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, final

import numpy as np

from trainables.base import Declaration, Trainable
from trainables.data import check_rows, load
from trainables.data.dataset import Dataset, View
from trainables.errors import DataError, TrainableError, nearest
from trainables.neural.architecture import ARCHITECTURE_RULES, IMAGE_NORMS
from trainables.neural.options import TRAINING, TRAINING_OPTIONS, check_training
from trainables.options import Rule, read_options
from trainables.supervised import view_for

__all__ = ["GENERATIVE_TRAINING", "Generative", "GenerativeTraining", "pixels"]

SUPERVISED_ONLY = (
    "adversarial.strength",
    "adversarial.steps",
    "adversarial.share",
    "accumulate",
    "early_stopping",
    "l1",
    "label_smoothing",
    "lbfgs_iterations",
    "mixup",
    "precision",
)

GENERATIVE_TRAINING: dict[str, Any] = {
    name: default for name, default in TRAINING.items() if name not in SUPERVISED_ONLY
}
"""The training options that a generative model has, and their defaults."""


class GenerativeTraining(Protocol):
    """A model that makes images, and its training.

    Attributes:
        epochs: done so far.
    """

    epochs: int

    def epoch(self) -> dict[str, float]:
        """Train on every image once and measure."""

    def draw(self, directory: Path) -> None:
        """Write pictures of what it makes now."""

    def save(self, directory: Path) -> None:
        """Write all that changes."""

    def load(self, directory: Path) -> None:
        """Go back to where `save` was called."""


class Generative(Trainable):
    """A model that learns to make images like those of a data set; a step is an epoch.

    A member says what it is in class attributes and makes its training. Its options are its own (`architecture`) and
    `GENERATIVE_TRAINING`, whose defaults it may replace by naming them in `architecture`, too.

    Pixels come to it within 0 .. 1: ``data.scaling`` is none of its options, and what the data are scaled to by
    default is taken back (see `pixels`). Classes of the images are not learnt; a model may use them to judge itself.

    Attributes:
        name: what messages call it: its name in the catalogue.
        architecture: its own options by their dotted names, with their defaults.
        rules: what the values of its own options may be, by name; of those that it does not have, nothing is said.
        views: what it can read.
    """

    name: ClassVar[str]
    architecture: ClassVar[Mapping[str, Any]]
    rules: ClassVar[Mapping[str, Rule]] = {
        **ARCHITECTURE_RULES,
        **dict.fromkeys(("model.norm", "model.discriminator_norm"), Rule(choices=IMAGE_NORMS)),
    }
    views: ClassVar[tuple[View, ...]] = ("images",)

    @classmethod
    def declare(cls, data: Mapping[str, Any] | None) -> Declaration:
        """As `declared`, with the default of every option.

        Raises:
            DataError: the data cannot be read or split as asked, are no images, or are scaled by the user.
        """
        if data is not None:
            section = _section(data, cls.name)
            view_for(data, cls.views, cls.name)
            check_rows(section)
        every = cls._defaults()
        return replace(
            cls.declared,
            defaults=every,
            options=tuple(every),
            rules={name: rule for name, rule in {**TRAINING_OPTIONS, **cls.rules}.items() if name in every},
            length="schedule_epochs",
        )

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """Every option with its default; a schedule is as long as a trial at full fidelity."""
        horizon = cls.declared.max_steps or TRAINING["schedule_epochs"]
        return {**GENERATIVE_TRAINING, "schedule_epochs": horizon, **cls.architecture}

    @abstractmethod
    def train(
        self, dataset: Dataset, options: Mapping[str, Any], *, seed: int, device: str
    ) -> GenerativeTraining:
        """The model with its training.

        Args:
            dataset: of view "images", pixels within 0 .. 1.
            options: every option, its type checked; the training options' ranges are checked too.
            seed: of everything that is drawn.
            device: "cpu", "cuda" or "cuda:N".

        Raises:
            TrainableError: an option out of its range.
        """

    @final
    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        """Load the images and make the networks.

        Raises:
            TrainableError: an unknown option, or one out of its range.
            DataError: the data cannot be read.
        """
        import torch

        options = read_options(config, self._defaults(), self.name)
        check_training({**TRAINING, **options}, self.name)
        if options["optimizer"] == "lbfgs":
            raise TrainableError(
                f"{self.name}: optimizer lbfgs compares losses along a line, and these are drawn anew each time; "
                "take adam"
            )
        torch.set_num_threads(options["threads"] or int(os.environ.get("OMP_NUM_THREADS") or 1))
        self._epochs = options["epochs"]
        section = _section(config.get("data") or self.declared.data or "digits", self.name)
        dataset = pixels(load(section, view_for(section, self.views, self.name)))
        self._training = self.train(dataset, options, seed=seed, device=device)

    @final
    def step(self) -> Mapping[str, float]:
        """Train for one epoch.

        Raises:
            StopIteration: after `epochs`.
        """
        if self._epochs and self._training.epochs >= self._epochs:
            raise StopIteration
        return self._training.epoch()

    @final
    def save(self, directory: Path) -> None:
        """Write weights, optimizers, schedules and generators."""
        self._training.save(directory)

    @final
    def load(self, directory: Path) -> None:
        """Read what `save` wrote.

        Raises:
            CheckpointError: the file is missing, cut, or of another architecture.
        """
        self._training.load(directory)

    @final
    def draw(self, directory: Path) -> None:
        """Pictures of what it makes now."""
        self._training.draw(directory)


def pixels(dataset: Dataset) -> Dataset:
    """The images with every pixel within 0 .. 1, by one linear map for all pixels and channels.

    The darkest and the brightest training pixel become 0 and 1, unless all are within already; validation pixels
    beyond them are clipped.
    """
    low, high = float(dataset.train_x.min()), float(dataset.train_x.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0

    def scaled(images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if (low, high) == (0.0, 1.0) and images.min() >= 0 and images.max() <= 1:
            return images
        span = (high - low) or 1.0
        return np.clip((images - low) / span, 0, 1).astype(np.float32)

    return replace(dataset, train_x=scaled(dataset.train_x), valid_x=scaled(dataset.valid_x))


def _section(data: Any, owner: str) -> dict[str, Any]:
    """The data section as a generation, with the pixels as they come."""
    section = {"source": data} if not isinstance(data, Mapping) else dict(data)
    if section.get("scaling", "none") not in ("none", "minmax"):
        raise DataError(
            f"data.scaling: {owner} wants pixels within 0 .. 1 and sees to it itself, so {section['scaling']!r} is not "
            f"possible; {nearest(str(section['scaling']), ('none', 'minmax'))}"
        )
    return {"task": "generation", "scaling": "none", **section}
