"""When a column changed, as a stream tells it: ADWIN (Bifet and Gavalda 2007), by river."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deploy.reference import Distribution
from trainables.data.dataset import Array

__all__ = ["DELTA", "MOST", "Change", "changes_of"]

DELTA = 0.002
"""ADWIN's bound on a false change, shared among the columns that are watched."""

MOST = 50_000
"""Rows that are gone through, the last ones."""

_REACH = 4.0  # deviations; ADWIN's bound is for values in [0, 1]


@dataclass(frozen=True)
class Change:
    """A column's mean changed. `row`: where it was noticed, counted in the rows that were given; a little after it was.

    `before`, `after`: the mean of all that came since the last change, and of the window that ADWIN kept. Of a category:
    the share of the label that was most frequent in training.
    """

    column: str
    row: int
    before: float
    after: float


def changes_of(reference: Sequence[Distribution], rows: Mapping[str, Array]) -> list[Change]:
    """The changes of all columns, in the order of their rows."""
    watched = [each for each in reference if each.name in rows]
    found = [change for each in watched for change in _changes(each, rows[each.name], DELTA / len(watched))]
    return sorted(found, key=lambda change: change.row)


def _changes(reference: Distribution, values: Array, delta: float) -> list[Change]:
    from river.drift import ADWIN

    if reference.kind == "number":
        centre, deviation = reference.mean or 0.0, reference.deviation or 1.0
        column = np.asarray(values, np.float64)
    else:
        centre, deviation = 0.5, 0.5 / _REACH
        first = reference.labels[0] if reference.labels else None
        column = np.array([np.nan if value is None else float(value == first) for value in values])
    begin = max(0, len(column) - MOST)
    detector = ADWIN(delta=delta)
    changes, since = [], begin
    for row in range(begin, len(column)):
        value = column[row]
        if not np.isfinite(value):
            continue
        scaled = min(1.0, max(0.0, ((value - centre) / deviation + _REACH) / (2 * _REACH)))
        detector.update(scaled)
        if detector.drift_detected:
            kept = max(1, round(detector.width))
            before, after = column[since : max(since + 1, row + 1 - kept)], column[row + 1 - kept : row + 1]
            changes.append(Change(reference.name, row, _mean(before), _mean(after)))
            since = max(since, row + 1 - kept)
    return changes


def _mean(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else 0.0
