"""A frame whose rows follow each other in time, or whose rows are traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainables.data.dataset import Array, Repair
from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.fingerprint import fingerprint_of
from trainables.data.sources.origin import Origin
from trainables.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["records_of_series"]


def records_of_series(
    frame: pd.DataFrame,
    section: Section,
    origin: Origin,
    target: str | None,
    repairs: tuple[Repair, ...] = (),
) -> Records:
    """A series to be forecast, in the order of its dates; or traces, one a row, to be classified.

    A row is a trace where the task is a classification, or the target holds labels; its number columns are
    then its values in time, as they stand. Else a row is a moment. Without a date column the rows are taken
    to be in order. A target that is missing in places stays so: the row keeps its place in time.

    Raises:
        DataError: there is no number to forecast, two rows have one date, or a date is missing.
    """
    labelled = target is not None and frame[target].dtype == object
    if section["task"] == "classification" or (labelled and section["task"] is None):
        return _traces(frame, section, origin, target, repairs)
    if labelled:
        raise DataError(f"{origin.name}, column {target!r}: holds labels; a forecast needs numbers")
    if target is None:
        numeric = [name for name in frame.columns if frame[name].dtype.kind in "if"]
        target = numeric[0] if len(numeric) == 1 else None
    frame, origin, repairs = _in_order(frame, section, origin, repairs)
    return Records(
        origin.name,
        "series",
        origin.places,
        fingerprint_of(frame),
        frame=frame,
        task=section["task"] or "forecasting",
        target=target,
        repairs=repairs,
    )


def _traces(
    frame: pd.DataFrame, section: Section, origin: Origin, target: str | None, repairs: tuple[Repair, ...]
) -> Records:
    beside = {target, section["split.group"], section["split.time"]}
    steps = [name for name in frame.columns if name not in beside and frame[name].dtype.kind in "if"]
    if len(steps) < 2 or target is None:
        raise DataError(
            f"{origin.name}: a row that is a series holds its target and at least 2 number columns, "
            f"its values in time; found {len(steps)}"
        )
    extra = frame.drop(columns=[*steps, target])
    values = frame[steps].to_numpy(dtype=np.float64)[:, :, None]
    targets = frame[target].to_numpy()
    gone = frame[target].isna().to_numpy(dtype=bool)
    if gone.any():
        row = int(np.flatnonzero(gone)[0])
        raise DataError(f"{origin.at(row, target)}: the target is missing; remove the row")
    return Records(
        origin.name,
        "series",
        origin.places,
        fingerprint_of(values, targets, extra),
        array=values,
        targets=targets,
        extra=extra if len(extra.columns) else None,
        task="classification",
        repairs=repairs,
    )


def _in_order(
    frame: pd.DataFrame, section: Section, origin: Origin, repairs: tuple[Repair, ...]
) -> tuple[pd.DataFrame, Origin, tuple[Repair, ...]]:
    column = _date_column(frame, section, origin)
    if column is None:
        return frame, origin, repairs
    moments = frame[column].to_numpy()
    if frame[column].isna().any():
        row = int(np.flatnonzero(frame[column].isna().to_numpy(dtype=bool))[0])
        raise DataError(f"{origin.at(row, column)}: the date is missing, and with it the row's place in time")
    order = np.argsort(moments, kind="stable")
    ordered = moments[order]
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(same):
        first, second = (origin.places(int(order[same[0] + step])) for step in (0, 1))
        raise DataError(
            f"{origin.name}, column {column!r}: {first} and {second} are of one time, {ordered[same[0]]}; "
            "a series has one row a moment: aggregate them, or select one series"
        )
    if (order[1:] < order[:-1]).any():
        moved = int((order != np.arange(len(order))).sum())
        repairs = (*repairs, Repair(f"rows put in the order of {column!r}", moved))
        frame = frame.iloc[order].reset_index(drop=True)
        origin = Origin(origin.name, origin.places.of(order.tolist()))
    steps, counts = np.unique(np.diff(ordered), return_counts=True)
    if len(steps) > 1 and counts.max() > 0.5 * counts.sum() and not _calendar(steps):
        odd = int(counts.sum() - counts.max())
        what = f"steps of {column!r} unlike the usual one (a window counts rows, not time)"
        repairs = (*repairs, Repair(what, odd))
    return frame, origin, repairs


def _calendar(steps: Array) -> bool:
    """Whether the steps are months, quarters or years, whose lengths differ by a few days in the best order."""
    days = steps / np.timedelta64(1, "D") if steps.dtype.kind == "m" else steps
    return any(low <= days.min() and days.max() <= high for low, high in ((28, 31), (89, 92), (365, 366)))


def _date_column(frame: pd.DataFrame, section: Section, origin: Origin) -> str | None:
    if section["split.time"] is not None:
        return str(section["split.time"])
    dates = [str(name) for name in frame.columns if frame[name].dtype.kind == "M"]
    if len(dates) > 1:
        raise DataError(
            f"{origin.name}: columns {', '.join(dates)} hold dates; say which orders the rows: data.split.time"
        )
    return dates[0] if dates else None
