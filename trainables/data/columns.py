"""The columns of a table: which are inputs, of what kind, and which say nothing and are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trainables.data.cleaning import check_sizes
from trainables.data.dataset import Array, Repair
from trainables.data.encoding import CategoryEncoder, date_parts, kind_of
from trainables.data.section import Section, Task
from trainables.data.words import Tfidf
from trainables.errors import DataError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns", "moments"]


class Columns:
    """Input columns, by kind; what is fitted is fitted on training rows.

    Inputs are all columns but the target and those that split the rows (`split.group`, `split.time`), unless
    `columns.<kind>` lists them. Left out, with a repair that names them, are columns in which no training row has a
    value, all have the same, or each has a label of its own.

    Args:
        section: the data section.
        task: what is learnt, for target encoding.
        name: the source's name, for messages.
        beside: further columns that are no inputs unless they are listed.
    """

    def __init__(self, section: Section, task: Task, name: str, beside: tuple[str | None, ...]) -> None:
        self._section, self._task, self._name = section, task, name
        self._declared = section.columns()
        beside = (*beside, section["split.group"], section["split.time"])
        self._beside = {column for column in beside if column not in self._declared}
        self._kinds: dict[str, str] = {}
        self._parts: tuple[str, ...] = ()
        self._encoders: dict[str, CategoryEncoder] = {}
        self._texts: dict[str, Tfidf] = {}
        self.repairs: tuple[Repair, ...] = ()

    def fit_numbers(self, frame: pd.DataFrame) -> Array:
        """Choose the inputs among the columns of the training rows; and the numbers of those rows.

        Raises:
            DataError: there is no column to learn from.
        """
        empty, steady, marks = [], [], []
        for column in map(str, frame.columns):
            if column in self._beside:
                continue
            values, kind = frame[column], kind_of(frame[column], self._declared.get(column))
            different = values.nunique(dropna=kind != "category")
            if not values.notna().any():
                empty.append(column)
            elif different == 1:
                steady.append(column)
            elif kind == "category" and column not in self._declared and different == len(values):
                marks.append(column)
            else:
                self._kinds[column] = kind
        said = (
            ("columns without a value in the training rows, left out", empty),
            ("columns with one value in all training rows, left out", steady),
            (
                "columns with another label in each training row, left out (columns.category, text or date keeps one)",
                marks,
            ),
        )
        self.repairs = tuple(
            Repair(what, len(columns), tuple(columns[:5])) for what, columns in said if columns
        )
        if not self._kinds:
            gone = (
                f"; left out, as they say nothing: {', '.join((empty + steady + marks)[:5])}"
                if self.repairs
                else ""
            )
            raise DataError(f"{self._name}: there is no column beside the target to learn from{gone}")
        parts = self._date_parts(frame)
        self._parts = tuple(
            part for part, values in parts.items() if len(np.unique(values[~np.isnan(values)])) > 1
        )
        return self.numbers(frame)

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of every column that is an input; known after `fit_numbers`."""
        return dict(self._kinds)

    @property
    def number_names(self) -> tuple[str, ...]:
        """Of the columns that `numbers` gives."""
        return (*self._of_kind("number"), *self._parts)

    def numbers(self, frame: pd.DataFrame) -> Array:
        """float64 (rows, numbers and parts of dates), NaN where missing.

        Raises:
            DataError: a column is not there, or holds something else, or numbers that are too large.
        """
        self._check(frame)
        parts = self._date_parts(frame)
        columns = [frame[column].to_numpy(dtype=np.float64) for column in self._of_kind("number")]
        columns += [parts[part] for part in self._parts]
        numbers = np.column_stack(columns) if columns else np.zeros((len(frame), 0))
        check_sizes(numbers, self.number_names, self._name)
        return numbers

    def fit_others(self, frame: pd.DataFrame, y: Array) -> tuple[Array, tuple[str, ...]]:
        """Labels and texts of training rows as features (rows, features), and the features' names."""
        found: list[Array] = [np.zeros((len(frame), 0))]
        names: list[str] = []
        for column in self._of_kind("category"):
            encoder = self._encoders[column] = CategoryEncoder(column, self._section, self._task)
            found.append(encoder.fit_transform(frame[column].tolist(), y))
            names += encoder.names
        for column in self._of_kind("text"):
            weights = self._texts[column] = Tfidf(self._section)
            found.append(weights.fit_transform(_texts(frame[column])))
            names += [f"{column}:{word}" for word in weights.names]
        return np.hstack(found), tuple(names)

    def others(self, frame: pd.DataFrame) -> Array:
        """Labels and texts of other rows as features."""
        found = [np.zeros((len(frame), 0))]
        found += [encoder.transform(frame[column].tolist()) for column, encoder in self._encoders.items()]
        found += [weights.transform(_texts(frame[column])) for column, weights in self._texts.items()]
        return np.hstack(found)

    def _of_kind(self, kind: str) -> list[str]:
        return [column for column, its in self._kinds.items() if its == kind]

    def _date_parts(self, frame: pd.DataFrame) -> dict[str, Array]:
        parts: dict[str, Array] = {}
        for column in self._of_kind("date"):
            parts |= date_parts(column, frame[column])
        return parts

    def _check(self, frame: pd.DataFrame) -> None:
        for column, kind in self._kinds.items():
            if column not in frame.columns:
                raise DataError(
                    f"{self._name}: there is no column {column!r}; {nearest(column, map(str, frame.columns))}"
                )
            found = frame[column].dtype.kind
            if (kind == "number" and found not in "iufb") or (kind == "date" and found != "M"):
                raise DataError(
                    f"{self._name}: column {column!r} held {kind}s in training, and holds {frame[column].dtype} here"
                )


def moments(frame: pd.DataFrame, column: str, name: str) -> Array:
    """The times of rows as float64: days since 1970, or the numbers of the column.

    Raises:
        DataError: the column holds labels.
    """
    values = frame[column]
    if values.dtype.kind == "M":
        return values.to_numpy().astype("datetime64[us]").astype(np.float64) / 86_400e6
    if values.dtype.kind in "iuf":
        return values.to_numpy(dtype=np.float64)
    raise DataError(
        f"data.split.time: {name}: column {column!r} holds labels, which have no distance in time"
    )


def _texts(column: pd.Series[Any]) -> list[str]:
    return [cell if isinstance(cell, str) else "" for cell in column]
