"""Scaling: a centre and a spread for each feature or channel, fitted on training rows.

One rule for features, channels of images and channels of series, which is why it is not scikit-learn's three
scalers: those know columns of a matrix only. The tests hold it to their numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainables.data.dataset import Array

__all__ = ["Scaler", "fit_scaler"]


@dataclass(frozen=True, eq=False)
class Scaler:
    """``(values - centre) / spread``, along one axis.

    Attributes:
        centre, spread: float64 (channels,); a spread is never 0.
        axis: which axis of the values holds the channels.
    """

    centre: Array
    spread: Array
    axis: int

    def apply(self, values: Array) -> Array:
        """Scaled values, in the type they came in (floats)."""
        centre, spread = self._shaped(self.centre, values), self._shaped(self.spread, values)
        return (values - centre) / spread

    def undo(self, values: Array) -> Array:
        """What `apply` was given."""
        return values * self._shaped(self.spread, values) + self._shaped(self.centre, values)

    def _shaped(self, numbers: Array, values: Array) -> Array:
        shape = [1] * values.ndim
        shape[self.axis] = -1
        return numbers.astype(values.dtype).reshape(shape)


def fit_scaler(values: Array, kind: str, axis: int = -1) -> Scaler:
    """Fit on the values of training rows; NaN among them is passed over.

    Args:
        values: floats, of any number of dimensions.
        kind: "none"; "minmax": the range becomes [0, 1]; "zscore", and "auto": mean 0, deviation 1 (population);
            "robust": median 0, interquartile range 1.
        axis: the axis of features or channels; all others are looked at together.

    A channel that does not vary has spread 1: it becomes 0 everywhere.
    """
    size = values.shape[axis]
    if kind == "none" or not values.size:
        return Scaler(np.zeros(size), np.ones(size), axis)
    others = tuple(each for each in range(values.ndim) if each != axis % values.ndim)
    if kind == "minmax":
        centre = np.nanmin(values, axis=others)
        spread = np.nanmax(values, axis=others) - centre
    elif kind in ("zscore", "auto"):
        centre = np.nanmean(values, axis=others, dtype=np.float64)
        spread = np.nanstd(values, axis=others, dtype=np.float64)
    else:
        low, centre, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=others)
        spread = high - low
    centre, spread = np.asarray(centre, np.float64), np.asarray(spread, np.float64)
    steady = spread <= 10 * np.finfo(values.dtype).eps * np.maximum(np.abs(centre), 1e-300)
    return Scaler(centre, np.where(steady, 1.0, spread), axis)
