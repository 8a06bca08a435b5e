"""Rows of another file, read as the trial's own source was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.errors import DeployError
from deploy.validation.rows import Rows, make_rows
from deploy.validation.rows.base import Array
from trainables.data.sources import BUILT_IN

if TYPE_CHECKING:
    from deploy.trained import Trained
    from trainables.data.records import Records

__all__ = ["Against", "read_against", "shown_name"]


@dataclass(frozen=True, eq=False)
class Against:
    """Another source.

    Attributes:
        name: of the source, without its folders.
        rows: all of its rows.
        x: the same as the model reads them.
        known: numbers of the rows whose right answer is in the file and known to the model.
        y: those answers, as `Dataset.valid_y` holds them.
    """

    name: str
    rows: Rows
    x: Array
    known: Array
    y: Array


def read_against(trained: Trained, source: str) -> Against:
    """Read a file, folder, database URL or built-in set by the trial's own data section.

    Raises:
        DataError: it cannot be read so, or lacks a column that the model reads.
        DeployError: it holds rows of another kind, or none.
    """
    records = _records(trained, source)
    if records.modality != trained.modality:
        raise DeployError(
            f"{records.name} holds {records.modality}, and the model was trained on {trained.modality}; name a file like "
            f"{trained.records.name}"
        )
    if not records.rows:
        raise DeployError(f"{records.name} has no rows; name a file that has some")
    if trained.task == "forecasting":
        return _series(trained, records)
    from trainables.data.prepare import rows_of

    raw = rows_of(records, np.arange(records.rows))
    shape = trained.schema.shape
    if shape and tuple(np.shape(raw)[1:]) != shape:
        raise DeployError(
            f"{records.name} holds rows of shape {tuple(np.shape(raw)[1:])}, and the model reads {shape}; bring them to "
            "that shape first"
        )
    rows = make_rows(trained, raw)
    known, y = _answers(trained, records)
    return Against(shown_name(records.name), rows, rows.inputs(), known, y)


def _records(trained: Trained, source: str) -> Records:
    from trainables.data.section import Section
    from trainables.data.sources import read_records
    from trainables.errors import DataError

    values = {**trained.section.values, "source": source, "modality": trained.modality, **_kinds(trained)}
    if trained.task != "forecasting":  # nothing is split here
        values |= {"split.group": None, "split.time": None}
    if source in BUILT_IN:
        values["modality"] = trained.section["modality"]
    try:
        return read_records(Section(values))
    except DataError as error:
        if not str(error).startswith("data.target:") or trained.task == "forecasting":
            raise
        return read_records(Section({**values, "target": None}))  # new rows may have no answer yet


def shown_name(source: str) -> str:
    """The name of a source without the folders in front of it, which are the business of the machine they are on, and of
    a database without who opens it and the password."""
    if "://" in source:
        return re.sub(r"://[^@\s]*@", "://", source, count=1)
    return PurePath(source).name if source.startswith(("/", "~", ".")) else source


def _series(trained: Trained, records: Records) -> Against:
    from trainables.data.prepare import inputs_of
    from trainables.data.targets import read_target

    target = read_target(records, trained.section)
    x, y, _ = inputs_of(trained.preparation, target, records, trained.section, target.rows)
    if not len(x):
        raise DeployError(f"{records.name} is too short: no whole window and what follows it fit into it")
    return Against(shown_name(records.name), make_rows(trained, x), x, np.arange(len(x)), y)


def _kinds(trained: Trained) -> dict[str, tuple[str, ...]]:
    """Columns are read as what they were in training, whatever they look like in the new file."""
    if trained.modality != "table":
        return {}
    declared = trained.section.columns()
    kinds = {**{column.name: str(column.kind) for column in trained.schema.columns}, **declared}
    return {
        f"columns.{kind}": tuple(name for name, its in kinds.items() if its == kind)
        for kind in set(kinds.values())
    }


def _answers(trained: Trained, records: Records) -> tuple[Array, Array]:
    import pandas as pd

    column = trained.target.column
    if records.frame is not None:
        if column is None or column not in records.frame.columns:
            return np.zeros(0, np.int64), np.zeros(0)
        values: Any = records.frame[column].to_numpy(object)
    elif records.targets is not None:
        values = np.asarray(records.targets)
        if records.labels and values.dtype.kind in "iu":
            values = np.array([records.labels[number] for number in values], object)
    else:
        return np.zeros(0, np.int64), np.zeros(0)
    there = np.flatnonzero(~np.asarray(pd.isna(values)))
    if trained.task == "regression":
        try:
            return there, values[there].astype(np.float64)
        except ValueError as error:
            raise DeployError(
                f"{shown_name(records.name)}, column {column!r}: the right answers are numbers, and {error}; correct it, or "
                "leave the column out"
            ) from error
    numbers = {label: number for number, label in enumerate(trained.labels)}
    said = [_label(values[row]) for row in there]
    known = np.array([label in numbers for label in said], bool)
    return there[known], np.array([numbers[label] for label in said if label in numbers], np.int64)


def _label(value: Any) -> str:
    """As the targets of the training rows are named: 1.0 is "1"."""
    return (
        str(int(value))
        if isinstance(value, float | np.floating) and float(value).is_integer()
        else str(value)
    )
