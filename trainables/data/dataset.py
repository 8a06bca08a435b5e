"""What a trainable gets to see of its data: training and validation rows, prepared for its kind of model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from trainables.data.section import Modality, Task

__all__ = ["Array", "Dataset", "Repair", "View"]

View = Literal["features", "images", "tokens", "sequences", "texts"]
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Repair:
    """Something about the data that was put right without asking.

    Attributes:
        what: of what, in the plural, and what became of it: "rows without a target, left out". It is shown before the
            count, and so reads well with any: "rows without a target, left out: 1".
        count: how many rows, images, columns or steps.
        where: up to five places, "row 17, column 'age'".
    """

    what: str
    count: int
    where: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and validation rows as arrays, shared by the trials of a process and read-only.

    There is no test part in it: see `trainables.data.locked`.

    Attributes:
        task: what is to be learnt.
        modality: what a row of the source is.
        view: what a row of `train_x` is:
            "features": float64 (rows, features), finite; of texts float32;
            "images": float32 (rows, channels, height, width);
            "tokens": int64 (rows, length), words as numbers, 0 = padding at the end, 1 = unknown word;
            "sequences": float32 (rows, length, channels), finite;
            "texts": str (rows,), as they are, for what has a vocabulary of its own.
        train_x, valid_x: the inputs, prepared by what was fitted on the training rows alone.
        train_y, valid_y: int64 classes 0 .. n_classes - 1 (rows,); float64 (rows,), or (rows, horizon) where more
            than one value is forecast, in the target's own unit; for a generation the classes, or zeros.
        n_classes: 0 where there are no classes.
        names: names of the features ("features") or channels.
        labels: names of the classes.
        vocabulary: "tokens": the word that a number stands for; ("", "?", ...).
        train_rows, valid_rows: int64, which rows of the source these are, from 0.
        augmentation: the options of ``data.augmentation`` by their short names, for the training loop.
        valid_images: uint8 (rows, channels, height, width), the validation rows as images, for pictures of a model's
            mistakes; None where they are none, or where `valid_x` shows them already (view "images").
        repairs: what was put right.
        source: its name, for messages.
    """

    task: Task
    modality: Modality
    view: View
    train_x: Array
    train_y: Array
    valid_x: Array
    valid_y: Array
    n_classes: int
    names: tuple[str, ...]
    labels: tuple[str, ...]
    train_rows: Array
    valid_rows: Array
    vocabulary: tuple[str, ...] = ()
    augmentation: Mapping[str, Any] = field(default_factory=dict)
    valid_images: Array | None = None
    repairs: tuple[Repair, ...] = ()
    source: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input: (features,), (channels, height, width), (length,) or (length, channels)."""
        return tuple(self.train_x.shape[1:])

    @property
    def outputs(self) -> int:
        """Numbers that a model puts out: one per class, or per value to be forecast."""
        return self.n_classes or (self.train_y.shape[1] if self.train_y.ndim == 2 else 1)
