"""How far annotators agree beyond chance: Cohen's and Fleiss' kappa, Krippendorff's alpha."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

from trainables.data.dataset import Array
from trainables.errors import DataError

__all__ = ["Agreement", "Level", "agreement", "cohen_kappa", "fleiss_kappa", "krippendorff_alpha"]

Level = Literal["nominal", "ordinal", "interval"]

_NAN = float("nan")


@dataclass(frozen=True)
class Agreement:
    """What several annotators' columns say about each other. 1 = always the same, 0 = as by chance, below 0 = worse.

    A measure is NaN where it says nothing: fewer than two labels were used at all, or nobody shares a row.

    Attributes:
        annotators: the columns.
        rows: rows that at least two of them labelled; only these count.
        complete: rows that all of them labelled.
        unanimous: rows, of `rows`, on which all who labelled them agree.
        cohen: Cohen's kappa of every pair.
        fleiss: Fleiss' kappa of all.
        alpha: Krippendorff's alpha by level; "ordinal" and "interval" only where all labels are numbers.
    """

    annotators: tuple[str, ...]
    rows: int
    complete: int
    unanimous: int
    cohen: Mapping[tuple[str, str], float]
    fleiss: float
    alpha: Mapping[Level, float]


def agreement(columns: Mapping[str, Sequence[Any]]) -> Agreement:
    """All measures for annotators' columns of one length; None, NaN and "" are a row that was not labelled.

    Raises:
        DataError: fewer than two columns, or columns of different lengths.
    """
    if len(columns) < 2:
        raise DataError(f"agreement needs the columns of two annotators or more, not {len(columns)}")
    if len({len(column) for column in columns.values()}) > 1:
        raise DataError(
            "the annotators' columns differ in length: one label or gap a row is needed from each"
        )
    ratings = [
        [_label(column[row]) for column in columns.values()]
        for row in range(len(next(iter(columns.values()))))
    ]
    given = [[label for label in row if label is not None] for row in ratings]
    shared = [row for row in given if len(row) > 1]
    numeric = all(isinstance(label, float) for row in given for label in row)
    names = tuple(columns)
    return Agreement(
        annotators=names,
        rows=len(shared),
        complete=sum(len(row) == len(names) for row in given),
        unanimous=sum(len(set(row)) == 1 for row in shared),
        cohen={
            (names[i], names[j]): cohen_kappa([row[i] for row in ratings], [row[j] for row in ratings])
            for i, j in combinations(range(len(names)), 2)
        },
        fleiss=fleiss_kappa(ratings),
        alpha={
            level: krippendorff_alpha(ratings, level)
            for level in (("nominal", "ordinal", "interval") if numeric else ("nominal",))
        },
    )


def cohen_kappa(first: Sequence[Any], second: Sequence[Any]) -> float:
    """Cohen's kappa of two annotators (Cohen 1960), over the rows that both labelled.

    Returns:
        at most 1; NaN where they share no row, or both only ever gave one and the same label.

    Raises:
        DataError: the two differ in length.
    """
    if len(first) != len(second):
        raise DataError(f"two annotators' columns differ in length: {len(first)} and {len(second)} rows")
    pairs = [
        (a, b)
        for a, b in zip(map(_label, first), map(_label, second), strict=True)
        if a is not None and b is not None
    ]
    if not pairs:
        return _NAN
    labels = {label for pair in pairs for label in pair}
    observed = sum(a == b for a, b in pairs) / len(pairs)
    by_chance = (
        sum(sum(a == label for a, _ in pairs) * sum(b == label for _, b in pairs) for label in labels)
        / len(pairs) ** 2
    )
    return _beyond_chance(observed, by_chance)


def fleiss_kappa(ratings: Sequence[Sequence[Any]]) -> float:
    """Fleiss' kappa of any number of annotators (Fleiss 1971).

    Fleiss wants the same number of labels in every row. Where some are missing, rows with at least two count,
    each by its own number, and a label's share is the mean of its shares in the rows (Gwet 2014, 2.5); without gaps
    that is Fleiss' own.

    Args:
        ratings: one row a row of the data, one label a annotator; None, NaN and "" are missing.

    Returns:
        at most 1; NaN where no row has two labels, or only one label was ever given.
    """
    counts, _ = _counted(ratings)
    if not len(counts):
        return _NAN
    n = counts.sum(axis=1)
    observed = float(np.mean((np.square(counts).sum(axis=1) - n) / (n * (n - 1))))
    by_chance = float(np.square((counts / n[:, None]).mean(axis=0)).sum())
    return _beyond_chance(observed, by_chance)


def krippendorff_alpha(ratings: Sequence[Sequence[Any]], level: Level = "nominal") -> float:
    """Krippendorff's alpha of any number of annotators, with gaps (Krippendorff 2011, "Computing Krippendorff's
    Alpha-Reliability", section E).

    Args:
        ratings: as `fleiss_kappa`.
        level: what a difference is: "nominal" any; "ordinal" the labels in between, by how often they were given;
            "interval" the square of the difference.

    Returns:
        at most 1; NaN where no row has two labels, or only one label was ever given.

    Raises:
        DataError: labels that are no numbers, for "ordinal" or "interval".
    """
    counts, labels = _counted(ratings)
    if not len(counts):
        return _NAN
    n = counts.sum(axis=1)
    # Coincidences o_ck: pairs of labels in one row, each row weighing as many labels as it has.
    coincidences = (counts.T / (n - 1)) @ counts - np.diag((counts / (n - 1)[:, None]).sum(axis=0))
    totals = coincidences.sum(axis=0)
    distances = _distances(labels, totals, level)
    expected = float(totals @ distances @ totals)
    if expected == 0:
        return _NAN
    return 1 - float((totals.sum() - 1) * (coincidences * distances).sum()) / expected


def _distances(labels: Sequence[Any], totals: Array, level: Level) -> Array:
    if level == "nominal":
        return 1.0 - np.eye(len(labels))
    if not all(isinstance(label, float) for label in labels):
        odd = next(label for label in labels if not isinstance(label, float))
        raise DataError(
            f"{level} agreement needs numbers, got the label {odd!r}; nominal agreement takes any labels"
        )
    if level == "interval":
        values = np.array(labels)
    else:  # the rank of a label: how many stand before it, and half of its own (labels are in order)
        values = np.cumsum(totals) - totals / 2
    return np.asarray(np.square(values[:, None] - values[None, :]))


def _counted(ratings: Sequence[Sequence[Any]]) -> tuple[Array, list[Any]]:
    """(how often each label was given, (rows, labels), rows with at least two labels only; the labels in order)."""
    rows = [[label for label in map(_label, row) if label is not None] for row in ratings]
    rows = [row for row in rows if len(row) > 1]
    labels = sorted(
        {label for row in rows for label in row}, key=lambda label: (isinstance(label, str), label)
    )
    place = {label: number for number, label in enumerate(labels)}
    counts = np.zeros((len(rows), len(labels)))
    for number, row in enumerate(rows):
        for label in row:
            counts[number, place[label]] += 1
    return counts, labels


def _label(value: Any) -> float | str | None:
    """A label as it is compared: 1, 1.0 and "1" are the same; None = missing."""
    text = str(value).strip()
    if not text or value is None or (not isinstance(value, str) and text in ("nan", "<NA>", "NaT")):
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return number if np.isfinite(number) else text


def _beyond_chance(observed: float, by_chance: float) -> float:
    return (observed - by_chance) / (1 - by_chance) if by_chance < 1 else _NAN
