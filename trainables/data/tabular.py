"""Data sets for the trainables that learn from a table: loaded, split and encoded once per process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from trainables.errors import DataError, nearest
from trainables.tables import Column, Floats, Table, encode_columns, read_table

__all__ = ["BUILT_IN", "Dataset", "Task", "load", "task_of"]

Task = Literal["classification", "regression"]
Ints = np.ndarray[Any, np.dtype[np.int64]]

BUILT_IN: dict[str, Task] = {
    "digits": "classification",
    "breast_cancer": "classification",
    "wine": "classification",
    "diabetes": "regression",
}
"""The data sets that scikit-learn brings along, and what is to be learnt from each."""

OPTIONS = ("source", "target", "task", "valid", "split_seed")
CLASS_LIMIT = 20
LEAST_ROWS = 10


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, split into training and validation rows. Its arrays are shared and read-only.

    Attributes:
        task: "classification" or "regression".
        train_x, valid_x: float64 (rows, features), finite, not scaled.
        train_y, valid_y: (rows,); int64 classes 0 .. n_classes - 1, or float64 values.
        n_classes: 0 for a regression.
        names: names of the features.
        labels: names of the classes, empty for a regression.
    """

    task: Task
    train_x: Floats
    train_y: Floats | Ints
    valid_x: Floats
    valid_y: Floats | Ints
    n_classes: int
    names: tuple[str, ...]
    labels: tuple[str, ...]


def load(data: Mapping[str, Any] | str) -> Dataset:
    """The data set that a sweep file names.

    Args:
        data: a name of `BUILT_IN`, the path of a CSV file, or a mapping with
            source: one of those;
            target: the column to predict (CSV only, required there);
            task: "classification" or "regression"; default: classification when the target holds labels, or
                whole numbers of which there are at most 20 different ones;
            valid: share of rows for validation, strictly between 0 and 1, default 0.2;
            split_seed: seed of the split, default 0. It does not follow the trial's seed: all trials of a
                sweep are measured on the same rows.

    Returns:
        the same object for the same data and version of the file. Classes keep their shares in the split.

    Raises:
        DataError: names what is wrong, where, and the nearest name that exists.
    """
    source, target, task, valid, split_seed = _options(data)
    if source in BUILT_IN:
        return _load_built_in(source, valid, split_seed)
    table = read_table(Path(source))
    target = _target(table, target)
    return _load_table(table, target, task or _infer(table, target), valid, split_seed)


def task_of(data: Mapping[str, Any] | str) -> Task:
    """The task of a data set, without loading what is built in.

    Raises:
        DataError: as `load`.
    """
    source, target, task, _, _ = _options(data)
    if source in BUILT_IN:
        return BUILT_IN[source]
    table = read_table(Path(source))
    return task or _infer(table, _target(table, target))


def _options(data: Mapping[str, Any] | str) -> tuple[str, str | None, Task | None, float, int]:
    options: Mapping[str, Any] = {"source": data} if isinstance(data, (str, Path)) else data
    for name in options:
        if name not in OPTIONS:
            raise DataError(f"data has no option {name!r}; {nearest(str(name), OPTIONS)}")
    if "source" not in options:
        raise DataError(
            f"data names no source; write one of {', '.join(BUILT_IN)}, or the path of a CSV file"
        )
    source, task, valid = str(options["source"]), options.get("task"), options.get("valid", 0.2)
    seed, target = options.get("split_seed", 0), options.get("target")
    if source not in BUILT_IN and not source.endswith((".csv", ".tsv", ".txt")):
        raise DataError(
            f"there is no data set {source!r}; {nearest(source, BUILT_IN)} A file of one's own ends in .csv."
        )
    if source in BUILT_IN and (target is not None or task is not None):
        raise DataError(f"{source}: its target and task are known ({BUILT_IN[source]}); leave them out")
    if task not in (None, "classification", "regression"):
        raise DataError(f"task is classification or regression, not {task!r}")
    if isinstance(valid, bool) or not isinstance(valid, (int, float)) or not 0 < valid < 1:
        raise DataError(f"valid, the share of validation rows, lies between 0 and 1, not {valid!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise DataError(f"split_seed is a whole number of at least 0, not {seed!r}")
    return source, None if target is None else str(target), task, float(valid), seed


def _target(table: Table, target: str | None) -> str:
    if target is None:
        names = ", ".join(column.name for column in table.columns[:12])
        raise DataError(f"{table.path}: say which column is to be predicted (target); its columns: {names}")
    return table.column(target).name


def _infer(table: Table, target: str) -> Task:
    numbers = table.column(target).numbers
    if numbers is None:
        return "classification"
    values = np.unique(numbers[~np.isnan(numbers)])
    few_and_whole = len(values) <= CLASS_LIMIT and bool(np.all(values == np.round(values)))
    return "classification" if few_and_whole else "regression"


@lru_cache(maxsize=8)
def _load_built_in(source: str, valid: float, split_seed: int) -> Dataset:
    from sklearn import datasets  # 2 s, and only where a trial runs

    bunch = getattr(datasets, f"load_{source}")()
    task = BUILT_IN[source]
    x = np.asarray(bunch.data, dtype=np.float64)
    labels = tuple(str(name) for name in bunch.target_names) if task == "classification" else ()
    y: Floats | Ints = np.asarray(bunch.target, np.int64) if labels else np.asarray(bunch.target, np.float64)
    train, held_out = _split(y, task, valid, split_seed, source)
    return _dataset(task, x, y, train, held_out, tuple(str(n) for n in bunch.feature_names), labels)


@lru_cache(maxsize=8)
def _load_table(table: Table, target: str, task: Task, valid: float, split_seed: int) -> Dataset:
    wanted = table.column(target)
    if wanted.missing:
        raise DataError(
            f"{table.path}, row {table.lines[wanted.missing[0]]}, column {target!r}: the value to be predicted "
            f"is missing (so it is in {len(wanted.missing)} rows in all); remove those rows"
        )
    if len(wanted.texts) < LEAST_ROWS:
        raise DataError(
            f"{table.path}: {len(wanted.texts)} rows are too few, at least {LEAST_ROWS} are needed"
        )
    inputs = [column for column in table.columns if column is not wanted]
    if not inputs:
        raise DataError(f"{table.path}: there is no column beside the target {target!r} to learn from")
    y, labels = _encode_target(table, wanted, task)
    train, held_out = _split(y, task, valid, split_seed, str(table.path))
    x, names = encode_columns(inputs, train)
    return _dataset(task, x, y, train, held_out, names, labels)


def _encode_target(table: Table, column: Column, task: Task) -> tuple[Floats | Ints, tuple[str, ...]]:
    if task == "regression":
        if column.numbers is None:
            raise DataError(f"{table.path}: a regression needs numbers, column {column.name!r} holds labels")
        return column.numbers, ()
    if column.numbers is None:
        labels, codes = np.unique(np.array(column.texts), return_inverse=True)
        names = tuple(str(label) for label in labels)
    else:
        values, codes = np.unique(column.numbers, return_inverse=True)
        names = tuple(f"{value:g}" for value in values)
    if len(names) < 2:
        raise DataError(f"{table.path}: column {column.name!r} has one class, {names[0]!r}: nothing to learn")
    return codes.astype(np.int64), names


def _split(y: Floats | Ints, task: Task, valid: float, split_seed: int, source: str) -> tuple[Ints, Ints]:
    """Indices of the training and validation rows; a class keeps at least one row for training."""
    rng = np.random.default_rng(split_seed)
    groups = (
        [np.flatnonzero(y == c) for c in np.unique(y)] if task == "classification" else [np.arange(len(y))]
    )
    train, held_out = [], []
    for group in groups:
        mixed = rng.permutation(group)
        cut = min(round(valid * len(mixed)), len(mixed) - 1)
        held_out.append(mixed[:cut])
        train.append(mixed[cut:])
    kept, out = np.sort(np.concatenate(train)), np.sort(np.concatenate(held_out))
    if not len(out):
        raise DataError(f"{source}: valid = {valid} of {len(y)} rows leaves none for validation; raise it")
    return kept, out


def _dataset(
    task: Task,
    x: Floats,
    y: Floats | Ints,
    train: Ints,
    held_out: Ints,
    names: tuple[str, ...],
    labels: tuple[str, ...],
) -> Dataset:
    arrays = x[train], y[train], x[held_out], y[held_out]
    for array in arrays:
        array.flags.writeable = False
    return Dataset(task, *arrays, n_classes=len(labels), names=names, labels=labels)
