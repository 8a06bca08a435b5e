"""Which augmentation fits a data set."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from trainables.data.dataset import Dataset
from trainables.data.section import OPTIONS
from trainables.neural.augmentation.images import ImageAugmenter
from trainables.neural.augmentation.noise import NoiseAugmenter
from trainables.neural.augmentation.texts import TextAugmenter

__all__ = ["Augmenter", "make_augmenter"]

Augmenter = Callable[[Tensor, torch.Generator], Tensor]
"""From a batch of training inputs to a changed one of the same shape, type and device.

Everything random is drawn from the generator, so its state is all that a checkpoint has to keep. The batch itself is not
written to.
"""


def make_augmenter(dataset: Dataset) -> Augmenter | None:
    """The augmentation that ``data.augmentation`` asks for.

    `strength` multiplies every other option; mirroring is a switch, so strength is the share of the images for which a
    coin is tossed.

    Returns:
        None where nothing would change: the strength is 0, or all that fits this kind of data is switched off. Rows of
        a table, and texts as word counts, are never changed.
    """
    options = {name: _default(name) for name in _NAMES} | dict(dataset.augmentation)
    strength = float(options["strength"]) if dataset.augmentation else 0.0
    part = {name: strength * float(value) for name, value in options.items() if name in _NAMES}
    if dataset.view == "images":
        wanted = {name: part[name] for name in ("flip", "rotate", "crop", "colour", "noise")}
        deviation = _deviations(dataset.train_x, (0, 2, 3))
        return ImageAugmenter(**wanted, deviation=deviation) if any(wanted.values()) else None
    if dataset.view == "tokens":
        wanted = {name: part[name] for name in ("substitute", "delete", "insert", "swap")}
        counts = np.bincount(dataset.train_x.ravel(), minlength=len(dataset.vocabulary))
        return TextAugmenter(**wanted, counts=torch.from_numpy(counts)) if any(wanted.values()) else None
    if dataset.modality in ("images", "series") and part["noise"]:
        axes = (0, 1) if dataset.view == "sequences" else (0,)
        return NoiseAugmenter(part["noise"], _deviations(dataset.train_x, axes))
    return None


_PREFIX = "augmentation."
_NAMES = tuple(name.removeprefix(_PREFIX) for name in OPTIONS if name.startswith(_PREFIX))


def _default(name: str) -> float:
    return float(OPTIONS[_PREFIX + name].default)


def _deviations(train_x: np.ndarray, axes: tuple[int, ...]) -> Tensor:
    """Standard deviations over all but the channels (or features), of the training rows."""
    return torch.as_tensor(train_x.std(axis=axes, dtype=np.float64), dtype=torch.float32)
