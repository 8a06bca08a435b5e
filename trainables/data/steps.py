"""Cleaning of series, step by step in time: nothing ever looks ahead."""

from __future__ import annotations

import numpy as np

from trainables.data.cleaning import Filler, Outliers, fill_forward, smooth
from trainables.data.dataset import Array
from trainables.data.section import Section
from trainables.errors import DataError

__all__ = ["Steps"]

FORWARD = ("auto", "interpolate", "drop")  # ways in which the last known value stands for a missing one


class Steps:
    """Outliers, missing values and smoothing of the steps of one series or of many.

    A step is a row for outliers and for filling with a statistic or a model. By default, and with interpolate and
    drop, a missing value is the last known one before it in its series (the median of the training steps where
    there is none): the line to the next known value would tell a model what comes.

    Attributes:
        names: of the channels.
    """

    def __init__(self, section: Section) -> None:
        self._outliers = Outliers(section)
        self._missing: str = section["cleaning.missing"]
        self._filler = None if self._missing in FORWARD else Filler(section)
        self._smoothing: str = section["cleaning.smoothing"]
        self._window: int = section["cleaning.smoothing_window"]
        self.names: tuple[str, ...] = ()

    @property
    def memory(self) -> int:
        """Steps before a step that smoothing looks back at; of exponential weights those that are worth a thousandth."""
        if self._smoothing == "none":
            return 0
        return 4 * self._window if self._smoothing == "exponential" else self._window - 1

    def fit_transform(self, x: Array, names: tuple[str, ...]) -> tuple[Array, Array]:
        """The training steps (..., steps, channels), cleaned; and which may be trained on (..., steps) bool.

        Raises:
            DataError: a channel has no value.
        """
        rows = x.reshape(-1, x.shape[-1])
        missing = np.isnan(rows)
        if missing.all(axis=0).any():
            empty = names[int(np.argmax(missing.all(axis=0)))]
            raise DataError(f"the training steps hold no value of {empty!r}; leave it out of the data")
        self._start = np.nanmedian(rows, axis=0)
        rows, clean = self._outliers.fit_transform(rows)
        self.names = names + self._outliers.names
        self._start = np.append(self._start, np.zeros(rows.shape[1] - len(self._start)))
        if self._missing == "drop":
            clean = clean & ~missing.any(axis=1)
        if self._filler is not None:
            self._filler.fit_transform(rows)
        return self._finish(rows, x), clean.reshape(x.shape[:-1])

    def transform(self, x: Array) -> Array:
        """Other steps, cleaned; a step follows from those up to it."""
        return self._finish(self._outliers.transform(x.reshape(-1, x.shape[-1])), x)

    def _finish(self, rows: Array, x: Array) -> Array:
        if self._filler is not None:
            rows = self._filler.transform(rows)
        steps = fill_forward(rows.reshape(*x.shape[:-1], -1), self._start)
        return smooth(steps, self._smoothing, self._window)
