"""Cleaning numbers: outliers, missing values, smoothing. Everything is fitted on training rows.

Each stage has `fit_transform` for the training rows, which may also say that a row goes, and `transform` for all
others, which never does: a validation row is measured whatever is wrong with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trainables.data.dataset import Array
from trainables.data.section import Section
from trainables.errors import DataError

__all__ = ["LARGEST", "Filler", "Outliers", "check_sizes", "fill_forward", "repeated_rows", "smooth"]

LARGEST = 1e50
"""Numbers may be so large: the variance of a product of three is still a number."""

ROUNDS = 10  # of regressing each column on the others


class Outliers:
    """Recognise values (iqr, zscore) or rows (isolation_forest) that lie far out, and clip, drop or flag them.

    iqr: a value below the first quartile or above the third by more than `cleaning.outlier_limit` interquartile
    ranges (Tukey 1977 takes 1.5); in a column whose quartiles are equal, mostly zeros say, nothing is outlying, where
    the rule would make it constant. zscore: more than that many deviations from the mean. isolation_forest (Liu, Ting
    and Zhou 2008): the `cleaning.outlier_share` of the training rows that a forest isolates first, missing
    numbers standing at the median.

    clip: iqr and zscore bring a value to the bound it passed; of an outlying row, the forest brings each value
    into the range of the training rows that are not outlying. drop: training rows with an outlying value go.
    flag: one more feature, 1 where a row is outlying.
    """

    def __init__(self, section: Section) -> None:
        self._kind: str = section["cleaning.outliers"]
        self._action: str = section["cleaning.outlier_action"]
        self._limit: float = section["cleaning.outlier_limit"]
        self._share: float = section["cleaning.outlier_share"]
        self._seed: int = section["split.seed"]
        self._forest: Any = None
        self.dropped = 0

    def fit_transform(self, x: Array) -> tuple[Array, Array]:
        """The training rows (rows, columns), NaN allowed; and which of them stay (rows,) bool."""
        stay = np.ones(len(x), bool)
        if self._kind == "none" or not x.shape[1]:
            return x, stay
        self._fit(x)
        if self._action != "drop":
            return self.transform(x), stay
        stay = ~self._outlying(x)
        self.dropped = int((~stay).sum())
        if not stay.any():
            raise DataError("data.cleaning.outlier_limit: every training row is an outlier; raise it")
        return x, stay

    def transform(self, x: Array) -> Array:
        """Other rows; (rows, columns), or one column more where outliers are flagged."""
        if self._kind == "none" or not x.shape[1] or self._action == "drop":
            return x
        if self._action == "flag":
            return np.column_stack([x, self._outlying(x).astype(np.float64)])
        clipped = np.clip(x, self._low, self._high)
        return np.where(self._outlying(x)[:, None], clipped, x) if self._forest is not None else clipped

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that `transform` adds."""
        return ("(outlier)",) if self._kind != "none" and self._action == "flag" else ()

    def _fit(self, x: Array) -> None:
        if self._kind == "iqr":
            first, self._middle, third = np.nanquantile(x, [0.25, 0.5, 0.75], axis=0)
            reach = np.where(third > first, self._limit * (third - first), np.inf)
            self._low, self._high = first - reach, third + reach
        elif self._kind == "zscore":
            mean, reach = np.nanmean(x, axis=0), self._limit * np.nanstd(x, axis=0)
            self._low, self._high = mean - reach, mean + reach
        else:
            self._middle = np.nanmedian(x, axis=0)
            self._low, self._high = np.nanmin(x, axis=0), np.nanmax(x, axis=0)
            if self._share == 0:
                self._kind = "none"
                return
            from sklearn.ensemble import IsolationForest

            self._forest = IsolationForest(contamination=self._share, random_state=self._seed)
            self._forest.fit(self._whole(x))
            inlying = ~self._outlying(x)
            with np.errstate(invalid="ignore"):
                inside = np.where(np.isnan(x[inlying]), self._middle, x[inlying])
            self._low, self._high = inside.min(axis=0), inside.max(axis=0)

    def _whole(self, x: Array) -> Array:
        return np.where(np.isnan(x), self._middle, x)

    def _outlying(self, x: Array) -> Array:
        if self._forest is not None:
            return np.asarray(self._forest.predict(self._whole(x)) < 0)
        if self._kind == "none":
            return np.zeros(len(x), bool)
        return np.asarray(((x < self._low) | (x > self._high)).any(axis=1))


class Filler:
    """Numbers for the missing ones, by `cleaning.missing`.

    auto, median, mean, mode, constant (`cleaning.fill`): one number a column. model: each column is regressed on the
    others in turn, by Bayesian ridge (chained equations, van Buuren 2011; scikit-learn's IterativeImputer, up to 10
    rounds). interpolate: on the line between the training rows before and after it in `split.time`; beyond the
    last one its value goes on. drop: training rows with a missing number go; in other rows the median stands.
    """

    def __init__(self, section: Section) -> None:
        self._kind: str = section["cleaning.missing"]
        self._constant: float = section["cleaning.fill"]
        self._model: Any = None
        self.dropped = 0

    def fit_transform(self, x: Array, times: Array | None = None) -> tuple[Array, Array]:
        """The training rows (rows, columns), NaN where missing; and which of them stay (rows,) bool.

        Args:
            times: (rows,) float; interpolate needs them, or the median stands.
        """
        stay = np.ones(len(x), bool)
        if not x.size:
            return x, stay
        missing = np.isnan(x)
        self._middle = _statistic(x, self._kind, self._constant)
        if self._kind == "interpolate" and times is not None:
            self._remember(x, times)
        if self._kind == "model" and x.shape[1] > 1 and missing.any():
            self._fit_model(x)
        if self._kind == "drop":
            stay = np.asarray(~missing.any(axis=1))
            self.dropped = int((~stay).sum())
            if not stay.any():
                raise DataError(
                    "data.cleaning.missing: drop leaves no training row, each lacks a number; choose median or model"
                )
            return x, stay
        return self.transform(x, times), stay

    def transform(self, x: Array, times: Array | None = None) -> Array:
        """Other rows, without NaN."""
        missing = np.isnan(x)
        if not missing.any():
            return x
        if self._kind == "interpolate" and times is not None:
            return self._interpolate(x, missing, times)
        if self._model is not None:
            return np.asarray(self._model.transform(x))
        return np.where(missing, self._middle, x)

    def _fit_model(self, x: Array) -> None:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - that is how it is switched on
        from sklearn.impute import IterativeImputer

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # ten rounds are the method, not a failure
            self._model = IterativeImputer(max_iter=ROUNDS, random_state=0, keep_empty_features=True).fit(x)

    def _remember(self, x: Array, times: Array) -> None:
        order = np.argsort(times, kind="stable")
        self._known = [(times[order][~np.isnan(column)], column[~np.isnan(column)]) for column in x[order].T]

    def _interpolate(self, x: Array, missing: Array, times: Array) -> Array:
        filled = x.copy()
        for index, (when, value) in enumerate(self._known):
            lacking = missing[:, index]
            known = (when, value) if len(when) else ([0.0], self._middle[index : index + 1])
            filled[lacking, index] = np.interp(times[lacking], *known)
        return filled


def _statistic(x: Array, kind: str, constant: float) -> Array:
    x = np.where(np.isnan(x).all(axis=0), 0.0, x)
    if kind == "constant":
        return np.full(x.shape[1], constant)
    if kind == "mean":
        return np.asarray(np.nanmean(x, axis=0))
    if kind == "mode":
        return np.array([_most_frequent(column[~np.isnan(column)]) for column in x.T])
    return np.asarray(np.nanmedian(x, axis=0))


def _most_frequent(values: Array) -> float:
    """The smallest of the most frequent values."""
    different, counts = np.unique(values, return_counts=True)
    return float(different[counts.argmax()])


def check_sizes(x: Array, names: tuple[str, ...], source: str) -> None:
    """No number is infinite, or larger than `LARGEST`.

    Args:
        x: (rows, columns), NaN allowed.
        names: of the columns.
        source: for the message.

    Raises:
        DataError: one is; names its column.
    """
    large = np.abs(x) > LARGEST
    if large.any():
        row, column = np.argwhere(large)[0]
        raise DataError(
            f"{source}, column {names[column]!r}: holds {x[row, column]:g}; numbers beyond {LARGEST:g} cannot be computed "
            "with: correct it, or list the column under columns.ignore"
        )


def fill_forward(x: Array, start: Array) -> Array:
    """Each missing value is the last known one before it, `start` (columns,) where there is none.

    Args:
        x: (..., steps, columns).
    """
    known = ~np.isnan(x)
    steps = np.arange(x.shape[-2])[:, None]
    last = np.maximum.accumulate(np.where(known, steps, -1), axis=-2)
    carried = np.take_along_axis(x, np.maximum(last, 0), axis=-2)
    return np.where(last < 0, start, carried)


def smooth(x: Array, kind: str, window: int) -> Array:
    """Smooth each column of a series, every value by itself and those before it alone.

    Args:
        x: (..., steps, columns), finite.
        kind: "none"; "moving_average" and "median": of the last `window` values, fewer at the beginning;
            "exponential": weights fall by 1 - 2 / (window + 1) a step, normalised (the span of that many steps).
    """
    if kind == "none":
        return x
    if kind == "exponential":
        keep = 1 - 2 / (window + 1)
        result, total, weight = np.empty_like(x), np.zeros_like(x[..., 0, :]), 0.0
        for step in range(x.shape[-2]):
            total, weight = total * keep + x[..., step, :], weight * keep + 1
            result[..., step, :] = total / weight
        return result
    ahead = np.full((*x.shape[:-2], window - 1, x.shape[-1]), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([ahead, x], axis=-2), window, axis=-2)
    return np.asarray((np.nanmean if kind == "moving_average" else np.nanmedian)(windows, axis=-1))


def repeated_rows(keys: list[bytes] | list[str] | list[int]) -> Array:
    """Which rows (rows,) bool have the key of an earlier one."""
    seen: set[Any] = set()
    repeated = np.zeros(len(keys), bool)
    for index, key in enumerate(keys):
        repeated[index] = key in seen
        seen.add(key)
    return repeated
