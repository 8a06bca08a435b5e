"""Columns of a table as numbers: numbers as they are, dates in parts, labels encoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trainables.data.dataset import Array
from trainables.data.section import Section, Task
from trainables.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MISSING_LABEL", "ONE_HOT_LIMIT", "RARE_LABEL", "CategoryEncoder", "date_parts", "kind_of"]

MISSING_LABEL, RARE_LABEL = "(missing)", "(rare)"
ONE_HOT_LIMIT = 100
"""Labels of a column that get a feature of their own; the less frequent ones share one."""

TARGET_FOLDS = 5
TEXT_WORDS = 4  # as many words in the middle cell, and cells that differ: no label, but a text


def kind_of(column: pd.Series[Any], declared: str | None) -> str:
    """ "number", "category", "text" or "date": as the section says, else by the type of the column.

    A column of objects holds texts where its median cell has at least 4 words and more than half of the cells
    differ; labels otherwise.

    Args:
        column: its training rows.
        declared: the kind that the section gives it.
    """
    if column.dtype.kind == "M":
        return "date"
    if column.dtype.kind in "iufb":
        return "number"
    if declared in ("category", "text"):
        return declared
    cells = [str(cell) for cell in column if isinstance(cell, str)]
    if not cells or np.median([len(cell.split()) for cell in cells]) < TEXT_WORDS:
        return "category"
    return "text" if len(set(cells)) > len(cells) / 2 else "category"


def date_parts(name: str, column: pd.Series[Any]) -> dict[str, Array]:
    """Dates as numbers: year, month, day, weekday (Monday is 0), hour, and the days since 1970; NaN where missing."""
    dates = column.dt
    missing = column.isna().to_numpy(dtype=bool)
    days = column.to_numpy().astype("datetime64[s]").astype(np.float64) / 86_400
    parts = {
        "year": dates.year,
        "month": dates.month,
        "day": dates.day,
        "weekday": dates.day_of_week,
        "hour": dates.hour,
        "days": days,
    }
    return {
        f"{name}.{part}": np.where(missing, np.nan, np.asarray(values, np.float64))
        for part, values in parts.items()
    }


class CategoryEncoder:
    """The labels of one column as numbers; missing is a label too.

    Labels of a smaller share of the training rows than `features.rare` become one label, which also stands for those
    that training did not see. Without it an unseen label is no label at all: zeros, rank -1, frequency 0, or
    the mean target.

    onehot: a feature a label, of the 100 most frequent ones. ordinal: the rank among the sorted labels. frequency: the
    share of training rows that have it. target (Micci-Barreca 2001, scikit-learn's TargetEncoder): the mean target
    of the rows with the label, drawn towards the mean of all by an empirical Bayes estimate; one feature per class
    where there are more than two. A training row gets the means of the four fifths of the training rows that it is
    not in, so that its own target is not in its feature.
    """

    def __init__(self, name: str, section: Section, task: Task) -> None:
        self._name = name
        self._kind: str = section["features.categories"]
        self._rare: float = section["features.rare"]
        self._seed: int = section["split.seed"]
        self._task = task
        self._encoder: Any = None
        self.names: tuple[str, ...] = ()

    def fit_transform(self, cells: Sequence[Any], y: Array) -> Array:
        """The training rows' features, float64 (rows, features).

        Raises:
            DataError: target encoding where nothing is to be predicted.
        """
        if self._kind == "target" and self._task == "generation":
            raise DataError("data.features.categories: target encodes by a target, and a generation has none")
        texts = _texts(cells)
        counts = Counter(texts)
        least = self._rare * len(texts)
        common = {label for label, count in counts.items() if count >= least}
        if self._kind == "onehot" and len(common) > ONE_HOT_LIMIT:
            ranked = sorted(common, key=lambda label: (-counts[label], label))
            common = set(ranked[:ONE_HOT_LIMIT])
        labels = sorted(common) + ([RARE_LABEL] if len(common) < len(counts) else [])
        self._ranks = {label: rank for rank, label in enumerate(labels)}
        self._other = self._ranks.get(RARE_LABEL, -1)
        codes = self._codes(texts)
        self._shares = np.append(np.bincount(codes, minlength=len(labels)) / max(len(codes), 1), 0.0)
        if self._kind == "onehot":
            self.names = tuple(f"{self._name}={label}" for label in labels)
        elif self._kind == "target":
            return self._fit_target(codes, y)
        else:
            self.names = (self._name,)
        return self._encode(codes)

    def transform(self, cells: Sequence[Any]) -> Array:
        """Other rows' features."""
        return self._encode(self._codes(_texts(cells)))

    def _codes(self, texts: list[str]) -> Array:
        return np.array([self._ranks.get(text, self._other) for text in texts], dtype=np.int64)

    def _encode(self, codes: Array) -> Array:
        if self._kind == "onehot":
            return np.asarray(codes[:, None] == np.arange(len(self._ranks)), np.float64)
        if self._kind == "frequency":
            return np.asarray(self._shares[codes][:, None])  # -1, unseen, is the 0 at the end
        if self._kind == "target":
            return np.asarray(self._encoder.transform(codes[:, None]), np.float64)
        return codes[:, None].astype(np.float64)

    def _fit_target(self, codes: Array, y: Array) -> Array:
        from sklearn.model_selection import KFold
        from sklearn.preprocessing import TargetEncoder

        numeric = self._task == "regression"
        classes = 0 if numeric else len(np.unique(y))
        kind = "continuous" if numeric else "binary" if classes == 2 else "multiclass"
        folds = KFold(min(TARGET_FOLDS, len(y)), shuffle=True, random_state=self._seed)
        self._encoder = TargetEncoder(target_type=kind, cv=folds)
        features = np.asarray(self._encoder.fit_transform(codes[:, None], y), np.float64)
        several = features.shape[1] > 1
        self.names = tuple(
            f"{self._name}~{index}" if several else f"{self._name}~target"
            for index in range(features.shape[1])
        )
        return features


def _texts(cells: Sequence[Any]) -> list[str]:
    return [
        str(cell) if isinstance(cell, str) or (cell == cell and cell is not None) else MISSING_LABEL
        for cell in cells
    ]
