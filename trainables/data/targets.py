"""What is to be learnt: the task, and the target of every row as a class or a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainables.data.cleaning import LARGEST
from trainables.data.dataset import Array, Repair
from trainables.data.records import Records
from trainables.data.section import Section, Task
from trainables.errors import DataError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CLASS_LIMIT", "LEAST_ROWS", "Target", "read_target", "task_of_records"]

CLASS_LIMIT = 20
"""Whole numbers of at most so many different values are taken for classes."""

LEAST_ROWS = 10


@dataclass(frozen=True, eq=False)
class Target:
    """The targets of the rows that have one.

    Attributes:
        task: what is to be learnt.
        column: the name of its column in a frame; None where it stands beside an array or texts, or is none.
        rows: int64, the rows of the source that have a target, ascending.
        y: (rows,), int64 classes or float64 numbers; zeros where nothing is to be predicted.
        labels: names of the classes.
        repairs: rows that were left out.
    """

    task: Task
    column: str | None
    rows: Array
    y: Array
    labels: tuple[str, ...]
    repairs: tuple[Repair, ...] = ()


def task_of_records(records: Records, section: Section) -> Task:
    """The task: of the section, else of the source, else by the target.

    Labels, and whole numbers of at most `CLASS_LIMIT` different values, make a classification.

    Raises:
        DataError: there is no such target, or the modality does not allow the task.
    """
    asked: Task | None = section["task"]
    if records.modality == "series" and records.frame is not None:
        if asked not in (None, "forecasting"):
            raise DataError(
                f"data.task: {records.name} is one series in the order of time; it can be forecast, not {asked}"
            )
        return "forecasting"
    if asked == "forecasting":
        raise DataError(
            f"data.task: {records.name} holds {records.modality}, and only a series can be forecast; "
            "modality: series reads the rows of a file as one, in their order"
        )
    if asked is not None:
        return asked
    if records.task is not None:
        return records.task
    values = _values(records, section)
    known = values[~_missing(values)]
    if known.dtype.kind not in "iuf":
        return "classification"
    different = np.unique(known)
    few_and_whole = len(different) <= CLASS_LIMIT and bool(np.all(different == np.round(different)))
    return "classification" if few_and_whole else "regression"


def read_target(records: Records, section: Section) -> Target:
    """The targets of all rows; those without one are left out, and counted.

    Raises:
        DataError: no such column, labels where numbers are needed, a single class, an infinite number, or fewer
            than `LEAST_ROWS` rows.
    """
    task = task_of_records(records, section)
    column = _column(records, section, task)
    if task == "generation" and column is None and records.targets is None:
        every = np.arange(records.rows, dtype=np.int64)
        _check_rows(records, len(every))
        return Target(task, None, every, np.zeros(records.rows, np.int64), ())
    values = _values(records, section)
    missing = _missing(values)
    if task == "forecasting":
        numbers = np.where(missing, np.nan, _numbers(records, column, values, ~missing))
        _check_rows(records, int((~missing).sum()))
        return Target(task, column, np.arange(len(values), dtype=np.int64), numbers, ())
    rows = np.flatnonzero(~missing).astype(np.int64)
    repairs = _left_out(records, np.flatnonzero(missing))
    _check_rows(records, len(rows), " with a target" if repairs else "")
    if task == "regression":
        return Target(task, column, rows, _numbers(records, column, values, ~missing)[rows], (), repairs)
    y, labels = _classes(records, values[rows])
    if task == "classification" and len(np.unique(y)) < 2:
        where = f"column {column!r}" if column else "the target"
        raise DataError(
            f"{records.name}: {where} has one class, {labels[int(y[0])]!r}: there is nothing to learn; name another target"
        )
    if task == "classification" and np.bincount(y).max() < 2:
        raise DataError(
            f"{records.name}: no two rows have the same class ({column or 'target'!r}); name another target, or "
            "task: regression where it holds numbers"
        )
    return Target(task, column, rows, y, labels, repairs)


def _column(records: Records, section: Section, task: Task) -> str | None:
    frame = records.frame
    if frame is None:
        return None
    name = section["target"] or records.target
    if name is None:
        if task == "generation":
            return None
        columns = ", ".join(str(column) for column in frame.columns[:12])
        raise DataError(
            f"data.target: {records.name}: say which column is to be predicted (target); its columns: {columns}"
        )
    if name not in frame.columns:
        raise DataError(
            f"data.target: {records.name}: there is no column {name!r}; {nearest(name, map(str, frame.columns))}"
        )
    return str(name)


def _values(records: Records, section: Section) -> Array:
    if records.frame is not None:
        column = _column(records, section, "classification")
        series: pd.Series[Any] = records.frame[column]
        return series.to_numpy(dtype=object if series.dtype.kind not in "iufb" else None)
    if records.targets is None:
        raise DataError(
            f"data.target: {records.name} has no targets: name the column that holds them, or choose task: generation"
        )
    return np.asarray(records.targets)


def _missing(values: Array) -> Array:
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind != "O":
        return np.zeros(len(values), bool)
    import pandas as pd

    return np.asarray(pd.isna(values))


def _numbers(records: Records, column: str | None, values: Array, known: Array) -> Array:
    if values.dtype.kind not in "iufb":
        at = int(np.flatnonzero(known)[0]) if known.any() else 0
        raise DataError(
            f"{records.name}: a {'forecast' if records.modality == 'series' else 'regression'} needs numbers, "
            f"column {column or 'target'!r} holds labels ({records.place(at)}: {values[at]!r})"
        )
    numbers = np.asarray(values, np.float64)
    large = np.flatnonzero(np.abs(numbers) > LARGEST)
    if len(large):
        at = int(large[0])
        raise DataError(
            f"{records.name}, {records.place(at)}, column {column or 'target'!r}: {numbers[at]:g} is too large to be computed with"
        )
    return numbers


def _classes(records: Records, values: Array) -> tuple[Array, tuple[str, ...]]:
    """Classes numbered from 0 in the order of their labels; those of the source keep their numbers."""
    if records.labels and values.dtype.kind in "iu":
        return values.astype(np.int64), records.labels
    if values.dtype.kind in "OUS":
        values = np.array([str(value) for value in values])
    labels, codes = np.unique(values, return_inverse=True)
    return codes.astype(np.int64), tuple(map(_name_of, labels.tolist()))


def _name_of(label: object) -> str:
    """1.0 is "1"; no two numbers have one name."""
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def _left_out(records: Records, rows: Array) -> tuple[Repair, ...]:
    if not len(rows):
        return ()
    where = tuple(records.place(int(row)) for row in rows[:5])
    return (Repair("rows without a target, left out", len(rows), where),)


def _check_rows(records: Records, count: int, what: str = "") -> None:
    if count < LEAST_ROWS:
        raise DataError(
            f"{records.name}: {count} rows{what} are too few, at least {LEAST_ROWS} are needed to train and to validate"
        )
