"""Which rows of a source belong together, and in which order: what a split must respect."""

from __future__ import annotations

import numpy as np

from trainables.data.dataset import Array
from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources import BUILT_IN
from trainables.data.splitting import Ties
from trainables.data.targets import Target
from trainables.errors import DataError, nearest

__all__ = ["ties_of", "with_known_ties"]


def with_known_ties(section: Section) -> Section:
    """The section, with the columns by which a built-in set is to be split where it names none."""
    known = BUILT_IN.get(section["source"])
    if known is None or section["split.group"] or section["split.time"]:
        return section
    return Section({**section.values, "split.group": known.group, "split.time": known.time})


def ties_of(records: Records, section: Section, target: Target) -> Ties:
    """The classes, groups and times of the rows that have a target, as far as the section asks for them.

    Raises:
        DataError: there is no such column, or a row has no time.
    """
    rows = target.rows
    if target.task == "forecasting":
        return Ties(times=rows)
    classes = target.y if target.labels and section["split.stratify"] else None
    groups = times = None
    if section["split.group"] is not None:
        groups = _ranks(records, "split.group", section["split.group"], rows, missing=True)
    if section["split.time"] is not None:
        times = _ranks(records, "split.time", section["split.time"], rows, missing=False)
    return Ties(classes, groups, times, target.labels)


def _ranks(records: Records, option: str, column: str, rows: Array, *, missing: bool) -> Array:
    """The values of a column as ranks, int64; a missing one is a group of its own row, and no time."""
    frame = records.frame if records.frame is not None else records.extra
    names = [] if frame is None else [str(name) for name in frame.columns]
    if frame is None or column not in names:
        raise DataError(
            f"data.{option}: {records.name}: there is no column {column!r}; {nearest(column, names)}"
        )
    values = frame[column].iloc[rows]
    ranks, _ = values.factorize(sort=True)
    ranks = ranks.astype(np.int64)
    lacking = np.flatnonzero(ranks < 0)
    if len(lacking) and not missing:
        raise DataError(
            f"data.{option}: {records.name}, {records.place(int(rows[lacking[0]]))}, column {column!r}: the time is missing"
        )
    ranks[lacking] = ranks.max() + 1 + np.arange(len(lacking))
    return ranks
