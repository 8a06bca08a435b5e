"""From raw rows to what a model reads: one preparation per modality and view, fitted on training rows.

```
preparation = preparation_for(records, section, task, view)
train_x, stay = preparation.fit_transform(raw training rows, their targets)
valid_x = preparation.transform(raw validation rows)
anything = preparation.transform(rows that come later)
```
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainables.data.cleaning import check_sizes
from trainables.data.columns import Columns, moments
from trainables.data.dataset import Array, Repair, View
from trainables.data.features import Features, Numbers, Products
from trainables.data.records import Records
from trainables.data.scaling import fit_scaler
from trainables.data.section import Section, Task
from trainables.data.steps import Steps
from trainables.data.words import Tfidf, Vocabulary
from trainables.errors import DataError

__all__ = ["Preparation", "preparation_for"]


class Preparation(ABC):
    """Raw rows in, inputs out.

    Attributes, known after `fit_transform`:
        names: of the features or channels.
        vocabulary: as in `Dataset`.
        repairs: columns and training rows that were left out.
    """

    names: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    repairs: tuple[Repair, ...] = ()

    @property
    def columns(self) -> dict[str, str]:
        """Of a frame the columns that `transform` reads, by name, with the kind of each: number, category, text, date."""
        return {}

    def renamed(self, name: str) -> Preparation:
        """A copy whose messages speak of `name`, and no longer of the file, address or query that the rows came from."""
        found = copy.deepcopy(self)
        named: list[Any] = [found, getattr(found, "_columns", None)]
        for each in named:
            if hasattr(each, "_name"):
                each._name = name
        return found

    @abstractmethod
    def fit_transform(self, raw: Any, y: Array) -> tuple[Array, Array]:
        """Fit on the training rows; their inputs, and which of the rows they are (rows,) bool.

        Args:
            raw: a frame, an array or texts, as in `Records`.
            y: the targets of these rows.
        """

    @abstractmethod
    def transform(self, raw: Any) -> Array:
        """The inputs of any rows: each follows from its own row and what was fitted."""


class TableFeatures(Preparation):
    """A frame as features: numbers cleaned, dates in parts, labels encoded, texts weighed; then `Features`."""

    def __init__(self, records: Records, section: Section, task: Task, target: str | None) -> None:
        self._name = records.name
        self._columns = Columns(section, task, records.name, (target,))
        self._numbers = Numbers(section)
        self._features = Features(section, task)
        self._order: str | None = None
        if section["cleaning.missing"] == "interpolate":
            self._order = section["split.time"]
            if self._order is None:
                raise DataError(
                    "data.cleaning.missing: interpolate needs rows in an order: name the column of their time in "
                    "split.time, or choose median or model"
                )

    def fit_transform(self, raw: Any, y: Array) -> tuple[Array, Array]:
        numbers = self._columns.fit_numbers(raw)
        if self._order is not None:
            self._order_kind = "date" if raw[self._order].dtype.kind == "M" else "number"
        numbers, stay = self._numbers.fit_transform(numbers, self._columns.number_names, self._times(raw))
        others, names = self._columns.fit_others(raw[stay], y[stay])
        inputs = self._features.fit_transform(
            np.hstack([numbers, others]), y[stay], self._numbers.names + names
        )
        self.names = self._features.names
        self.repairs = self._columns.repairs + self._numbers.repairs
        return inputs, stay

    @property
    def columns(self) -> dict[str, str]:
        order = {} if self._order is None else {self._order: self._order_kind}
        return {**self._columns.kinds, **order}

    def transform(self, raw: Any) -> Array:
        numbers = self._numbers.transform(self._columns.numbers(raw), self._times(raw))
        return self._features.transform(np.hstack([numbers, self._columns.others(raw)]))

    def _times(self, raw: Any) -> Array | None:
        return None if self._order is None else moments(raw, self._order, self._name)


class ImageFeatures(Preparation):
    """Images as rows of numbers, 0 to 255 before scaling, in the order of height, width, channel."""

    def __init__(self, section: Section, task: Task) -> None:
        self._numbers, self._features = Numbers(section), Features(section, task)

    def fit_transform(self, raw: Any, y: Array) -> tuple[Array, Array]:
        _, height, width, channels = raw.shape
        names = tuple(
            f"pixel {i} {j}" + (f" {k}" if channels > 1 else "")
            for i in range(height)
            for j in range(width)
            for k in range(channels)
        )
        numbers, stay = self._numbers.fit_transform(_flat(raw), names)
        inputs = self._features.fit_transform(numbers, y[stay], self._numbers.names)
        self.names, self.repairs = self._features.names, self._numbers.repairs
        return inputs, stay

    def transform(self, raw: Any) -> Array:
        return self._features.transform(self._numbers.transform(_flat(raw)))


class ImagePixels(Preparation):
    """Images as float32 (rows, channels, height, width), in [0, 1] before each channel is scaled.

    As sequences a row of pixels is a time step: (rows, height, width * channels).
    """

    def __init__(self, section: Section, view: View) -> None:
        self._scaling: str = section["scaling"]
        self._steps = view == "sequences"

    def fit_transform(self, raw: Any, y: Array) -> tuple[Array, Array]:
        pixels = _unit(raw)
        self._scaler = fit_scaler(pixels, self._scaling)
        width, channels = raw.shape[2:]
        colours = {1: ("grey",), 3: ("red", "green", "blue")}.get(
            channels, tuple(f"channel {k}" for k in range(channels))
        )
        self.names = colours
        if self._steps:
            self.names = tuple(f"{colour} {column}" for column in range(width) for colour in colours)
        return self._arrange(self._scaler.apply(pixels)), np.ones(len(raw), bool)

    def transform(self, raw: Any) -> Array:
        return self._arrange(self._scaler.apply(_unit(raw)))

    def _arrange(self, pixels: Array) -> Array:
        if self._steps:
            return pixels.reshape(*pixels.shape[:2], -1)
        return pixels.transpose(0, 3, 1, 2)


class TextFeatures(Preparation):
    """Texts as tf-idf: float32, a row of length 1 before scaling."""

    def __init__(self, section: Section, task: Task) -> None:
        self._weights = Tfidf(section)
        # a deviation a word makes the rarest words the loudest: logistic regression falls from 0.771 to 0.720
        self._features = Features(section, task, "none" if section["scaling"] == "auto" else "")

    def fit_transform(self, raw: Any, y: Array) -> tuple[Array, Array]:
        weights = self._weights.fit_transform(raw)
        inputs = self._features.fit_transform(weights, y, self._weights.names)
        self.names = self._features.names
        return inputs, np.ones(len(raw), bool)

    def transform(self, raw: Any) -> Array:
        return self._features.transform(self._weights.transform(raw))


class TextTokens(Preparation):
    """Texts as numbers of words, int64 (rows, `features.length`)."""

    def __init__(self, section: Section) -> None:
        self._size: int = section["features.vocabulary"]
        self._length: int = section["features.length"]

    def fit_transform(self, raw: Sequence[str], y: Array) -> tuple[Array, Array]:
        self._vocabulary = Vocabulary(raw, self._size)
        self.vocabulary = self._vocabulary.words
        return self.transform(raw), np.ones(len(raw), bool)

    def transform(self, raw: Sequence[str]) -> Array:
        return self._vocabulary.numbers_of(raw, self._length)


class RawTexts(Preparation):
    """Texts as they are, str (rows,): an encoder that was trained elsewhere cuts them into words its own way."""

    def fit_transform(self, raw: Sequence[str], y: Array) -> tuple[Array, Array]:
        return self.transform(raw), np.ones(len(raw), bool)

    def transform(self, raw: Sequence[str]) -> Array:
        return np.array(list(raw), dtype=np.str_)


class Traces(Preparation):
    """Rows that are series themselves: float32 (rows, length, channels), or their values as features."""

    def __init__(self, records: Records, section: Section, task: Task, view: View) -> None:
        self._steps, self._scaling = Steps(section), section["scaling"]
        self._flat = view == "features"
        self._products, self._features = Products(section), Features(section, task)
        self._name, self._channels = records.name, records.feature_names

    def fit_transform(self, raw: Any, y: Array) -> tuple[Array, Array]:
        _, length, channels = raw.shape
        named = self._channels or tuple(f"channel {k}" if channels > 1 else "value" for k in range(channels))
        check_sizes(np.reshape(raw, (-1, channels)), named, self._name)
        steps, clean = self._steps.fit_transform(np.asarray(raw, np.float64), named)
        stay: Array = np.asarray(clean.all(axis=1))
        gone = int((~stay).sum())
        if gone:
            self.repairs = (Repair("training rows with outlying or missing steps, left out", gone),)
        if gone == len(raw):
            raise DataError(
                "data.cleaning: drop leaves no training row, each holds such a step; choose another"
            )
        if self._flat:
            names = tuple(f"{channel}[{step}]" for step in range(length) for channel in self._steps.names)
            flat = self._products.fit_transform(steps[stay].reshape(int(stay.sum()), -1), names)
            inputs = self._features.fit_transform(flat, y[stay], self._products.names)
            self.names = self._features.names
            return inputs, stay
        self._scaler = fit_scaler(steps[stay], self._scaling)
        self.names = self._steps.names
        return self._scaler.apply(steps[stay]).astype(np.float32), stay

    def transform(self, raw: Any) -> Array:
        steps = self._steps.transform(np.asarray(raw, np.float64))
        if self._flat:
            return self._features.transform(self._products.transform(steps.reshape(len(steps), -1)))
        return self._scaler.apply(steps).astype(np.float32)


def preparation_for(
    records: Records, section: Section, task: Task, target: str | None, view: View
) -> Preparation:
    """The preparation of rows of this modality for this view; a series to be forecast has its own (windows)."""
    if records.modality == "table":
        return TableFeatures(records, section, task, target)
    if records.modality == "images":
        return ImageFeatures(section, task) if view == "features" else ImagePixels(section, view)
    if records.modality == "text":
        if view == "texts":
            return RawTexts()
        return TextFeatures(section, task) if view == "features" else TextTokens(section)
    return Traces(records, section, task, view)


def _flat(raw: Array) -> Array:
    return np.asarray(raw).reshape(len(raw), -1).astype(np.float64)


def _unit(raw: Array) -> Array:
    return raw.astype(np.float32) / np.float32(255)
