"""From records to a dataset: split, then fit on the training rows, then apply to the others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainables.data.cleaning import repeated_rows
from trainables.data.dataset import Array, Dataset, Repair, View
from trainables.data.preparation import Preparation, preparation_for
from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.splitting import Split, draw_rows, split_rows
from trainables.data.targets import Target, read_target
from trainables.data.ties import ties_of, with_known_ties
from trainables.data.windows import Windows, targets_at, window_starts
from trainables.errors import DataError

__all__ = ["Prepared", "check_parts", "images_of", "inputs_of", "prepare", "repeated", "rows_of"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A dataset and what made it.

    Attributes:
        dataset: the training and validation rows.
        preparation: fitted on the training rows; it turns any raw rows into inputs.
        target: the targets of all rows.
        split: rows of the source; `test` is for `trainables.data.locked` alone.
    """

    dataset: Dataset
    preparation: Preparation
    target: Target
    split: Split


def prepare(records: Records, section: Section, view: View) -> Prepared:
    """Split the rows of a source and prepare them for a view.

    In this order: rows without a target go; the test part is cut off; training and validation are cut; training rows
    that repeat another go (`cleaning.duplicates`); a sample of `limit` training rows is drawn; the preparation is
    fitted on these and applied to the validation rows.

    Raises:
        DataError: what is wrong, with file, column and row where there is one.
    """
    section = with_known_ties(section)
    target, split = _parts(records, section)
    if target.task == "forecasting":
        return _forecast(records, section, view, target, split)
    return _rows(records, section, view, target, split)


def check_parts(records: Records, section: Section) -> None:
    """Cut the rows of a source as `prepare` does, and fit nothing: what must fail in every trial fails here, sooner.

    Raises:
        DataError: the target cannot be used, a part would be empty or hold one class, or no forecast fits into one.
    """
    section = with_known_ties(section)
    target, split = _parts(records, section)
    if target.task == "forecasting":
        _train_starts(records, section, target, split)
        _valid_starts(records, section, target, split)
        return
    y = _of_rows(target, split.train)
    rows = draw_rows(split.train, y if target.labels else None, section["limit"], section)
    _check_classes(records, target, _of_rows(target, rows))


def _parts(records: Records, section: Section) -> tuple[Target, Split]:
    """The targets, and the rows of the source in each part."""
    target = read_target(records, section)
    split = split_rows(len(target.rows), ties_of(records, section, target), section, records.name)
    train, valid, test = (target.rows[part] for part in (split.train, split.valid, split.test))
    return target, Split(train, valid, test, split.repairs)


def inputs_of(
    preparation: Preparation, target: Target, records: Records, section: Section, part: Array
) -> tuple[Array, Array, Array]:
    """Inputs, targets and rows of a part other than the training part.

    Args:
        preparation: fitted.
        target: the targets of all rows.
        part: rows of the source, ascending.

    Returns:
        Of a series the rows are the first targets of the forecasts.
    """
    if not isinstance(preparation, Windows):
        return preparation.transform(rows_of(records, part)), _of_rows(target, part), part
    assert records.frame is not None
    horizon: int = section["features.horizon"]
    starts, _ = window_starts(target.y, part, section["features.window"], horizon)
    x = preparation.transform_at(records.frame.iloc[: int(part[-1]) + 1], starts)
    return x, targets_at(target.y, starts, horizon), starts


def rows_of(records: Records, rows: Array) -> Any:
    """Rows of the source as a frame, an array or a tuple of texts."""
    if records.frame is not None:
        return records.frame.iloc[rows]
    if records.array is None:
        assert records.texts is not None
        return tuple(records.texts[row] for row in rows)
    if records.modality != "table":
        return records.array[rows]
    import pandas as pd

    names = records.feature_names or tuple(f"x{index}" for index in range(records.array.shape[1]))
    return pd.DataFrame(records.array[rows].astype(np.float64), columns=list(names))


def _rows(records: Records, section: Section, view: View, target: Target, split: Split) -> Prepared:
    train, repairs = split.train, split.repairs
    if section["cleaning.duplicates"] == "drop":
        again = repeated(records, target, train)
        if again.any():
            where = tuple(records.place(int(row)) for row in train[again][:5])
            repairs += (Repair("training rows that repeat another, left out", int(again.sum()), where),)
        train = train[~again]
    y = _of_rows(target, train)
    train = draw_rows(train, y if target.labels else None, section["limit"], section)
    y = _of_rows(target, train)
    _check_classes(records, target, y)
    preparation = preparation_for(records, section.without_source(), target.task, target.column, view)
    train_x, stay = preparation.fit_transform(rows_of(records, train), y)
    _check_classes(records, target, y[stay])
    valid_x, valid_y, valid_rows = inputs_of(preparation, target, records, section, split.valid)
    dataset = _dataset(
        records, section, view, target, preparation,
        (train_x, y[stay], valid_x, valid_y),
        (train[stay], valid_rows),
        repairs,
    )  # fmt: skip
    return Prepared(dataset, preparation, target, split)


def _check_classes(records: Records, target: Target, y: Array) -> None:
    if target.task == "classification" and len(np.unique(y)) < 2:
        raise DataError(
            f"{records.name}: the training rows that are left ({len(y)}) are of one class, so there is nothing to learn; "
            "raise data.limit, or keep more of them for training"
        )


def _forecast(records: Records, section: Section, view: View, target: Target, split: Split) -> Prepared:
    assert records.frame is not None
    assert target.column is not None
    horizon = section["features.horizon"]
    starts, gaps = _train_starts(records, section, target, split)
    _valid_starts(records, section, target, split)
    repairs = split.repairs
    if gaps:
        repairs += (Repair("training forecasts with a gap among their targets, left out", gaps),)
    starts = draw_rows(starts, None, section["limit"], section)
    y = targets_at(target.y, starts, horizon)
    preparation = Windows(section.without_source(), view, target.column, records.name)
    train_x, stay = preparation.fit_windows(records.frame.iloc[: int(split.train[-1]) + 1], starts, y)
    valid_x, valid_y, valid_rows = inputs_of(preparation, target, records, section, split.valid)
    dataset = _dataset(
        records, section, view, target, preparation,
        (train_x, y[stay], valid_x, valid_y),
        (starts[stay], valid_rows),
        repairs,
    )  # fmt: skip
    return Prepared(dataset, preparation, target, split)


def _train_starts(records: Records, section: Section, target: Target, split: Split) -> tuple[Array, int]:
    window, horizon = section["features.window"], section["features.horizon"]
    starts, gaps = window_starts(target.y, split.train, window, horizon)
    if not len(starts):
        raise DataError(
            f"data.features.window: {records.name}: {window} values back and {horizon} ahead leave no forecast in the "
            f"{len(split.train)} training steps; lower it"
        )
    return starts, gaps


def _valid_starts(records: Records, section: Section, target: Target, split: Split) -> None:
    horizon = section["features.horizon"]
    starts, _ = window_starts(target.y, split.valid, section["features.window"], horizon)
    if not len(starts):
        raise DataError(
            f"data.features.horizon: {records.name}: {horizon} values ahead leave no forecast in the "
            f"{len(split.valid)} validation steps; lower it"
        )


def _dataset(
    records: Records,
    section: Section,
    view: View,
    target: Target,
    preparation: Preparation,
    arrays: tuple[Array, Array, Array, Array],
    rows: tuple[Array, Array],
    repairs: tuple[Repair, ...],
) -> Dataset:
    train_x, train_y, valid_x, valid_y = (_frozen(array) for array in arrays)
    return Dataset(
        task=target.task,
        modality=records.modality,
        view=view,
        train_x=train_x,
        train_y=train_y,
        valid_x=valid_x,
        valid_y=valid_y,
        n_classes=len(target.labels),
        names=preparation.names,
        labels=target.labels,
        train_rows=_frozen(rows[0]),
        valid_rows=_frozen(rows[1]),
        vocabulary=preparation.vocabulary,
        augmentation=section.group("augmentation"),
        valid_images=images_of(records, view, rows[1]),
        repairs=records.repairs + target.repairs + repairs + preparation.repairs,
        source=records.name,
    )


def images_of(records: Records, view: View, rows: Array) -> Array | None:
    """Rows that are images, where the view shows them as something else."""
    if records.modality != "images" or view == "images" or records.array is None:
        return None
    return _frozen(records.array[rows].transpose(0, 3, 1, 2))


def repeated(records: Records, target: Target, rows: Array) -> Array:
    """Which of the rows (rows,) bool are like an earlier one of them, target included."""
    targets = _of_rows(target, rows)
    raw = rows_of(records, rows)
    if records.texts is not None:
        return repeated_rows(
            [hashlib.sha256(f"{y}|{text}".encode()).digest() for text, y in zip(raw, targets, strict=True)]
        )
    if hasattr(raw, "duplicated"):
        return np.asarray(raw.assign(**{"": targets}).duplicated())
    return repeated_rows(
        [
            hashlib.sha256(np.ascontiguousarray(x).tobytes() + y.tobytes()).digest()
            for x, y in zip(raw, targets, strict=True)
        ]
    )


def _of_rows(target: Target, rows: Array) -> Array:
    return np.asarray(target.y[np.searchsorted(target.rows, rows)])


def _frozen(array: Array) -> Array:
    """In one piece, and read-only."""
    array = np.ascontiguousarray(array)
    if array.base is not None or not array.flags.owndata:
        array = array.copy()
    array.flags.writeable = False
    return array
