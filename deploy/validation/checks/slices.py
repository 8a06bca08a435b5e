"""The groups of rows on which the model is worst."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from deploy.validation.finding import Finding, Result, cannot_tell
from deploy.validation.rows.base import Array
from deploy.validation.shift import holm
from deploy.validation.subject import Subject
from search.analysis.numbers import number, plural

__all__ = ["slices"]

FEWEST = 15
"""Rows of a group, and rows outside it, below which it is not tested."""

QUARTERS, MOST_LABELS = 4, 30
LEVEL = 0.05
SHOWN = 25


def slices(subject: Subject) -> Result:
    """The score of each group against that of all other rows, tested and corrected for the number of groups (Holm).

    Groups: each label of a raw column, each quarter of a number, rows in which it is missing; of images, texts and
    series numbers that describe a row; and each true class. Of classes Fisher's exact test, of values Welch's.
    """
    each = subject.each(subject.outputs)
    found = []
    for name, inside in _groups(subject):
        rows = int(inside.sum())
        if min(rows, len(each) - rows) < FEWEST:
            continue
        score, rest = subject.score(each[inside]), subject.score(each[~inside])
        found.append(
            {
                "group": name,
                **score.to_json(),
                "others": rest.value,
                "p": _p(subject, each[inside], each[~inside]),
            }
        )
    if not found:
        return cannot_tell(f"No group of rows has {FEWEST} rows and as many beside it.")
    for row, adjusted in zip(found, holm([row["p"] for row in found]), strict=True):
        row["adjusted"] = float(adjusted)
        worse = row["others"] - row["value"] if subject.classifies else row["value"] - row["others"]
        row["worse"] = float(worse)
    found.sort(key=lambda row: (row["adjusted"], -row["worse"]) if row["worse"] > 0 else (2.0, -row["worse"]))
    weak = [row for row in found if row["adjusted"] <= LEVEL and row["worse"] > 0]
    numbers = {"tested": len(found), "groups": found[:SHOWN]}
    if not weak:
        return Result(
            (
                Finding(
                    "pass", f"None of {plural(len(found), 'group')} is worse than the others beyond chance."
                ),
            ),
            numbers,
        )
    worst = max(weak, key=lambda row: float(row["worse"]))
    more = f" {plural(len(weak), 'group')} of {len(found)} are worse beyond chance." if len(weak) > 1 else ""
    return Result(
        (
            Finding(
                "warn",
                f"On {worst['group']} ({worst['rows']:,} rows) the {subject.measure} is {number(worst['value'])}, on all "
                f"others {number(worst['others'])}.{more}",
                "Collect more such rows, or do not use the model there; report this with the model.",
            ),
        ),
        numbers,
    )


def _groups(subject: Subject) -> Iterator[tuple[str, Array]]:
    frame = subject.rows.frame()
    for name in map(str, frame.columns):
        column = frame[name]
        missing = column.isna().to_numpy(dtype=bool)
        if missing.any():
            yield f"{name} is missing", missing
        if column.dtype.kind in "iufM":
            yield from _quarters(name, column, missing)
        else:
            said = column.astype("str").to_numpy()
            labels, counts = np.unique(said[~missing], return_counts=True)
            for label in labels[np.argsort(-counts, kind="stable")][:MOST_LABELS]:
                yield f"{name} = {label}", (said == label) & ~missing
    if subject.classifies:
        for number_ in range(len(subject.trained.labels)):
            yield f"true class {subject.label(number_)}", subject.y == number_


def _quarters(name: str, column: Any, missing: Array) -> Iterator[tuple[str, Array]]:
    dates = column.dtype.kind == "M"
    values = (
        column.astype("int64").to_numpy(np.float64) if dates else column.to_numpy(np.float64, na_value=np.nan)
    )
    known = values[~missing & np.isfinite(values)]
    if not len(known):
        return
    edges = np.unique(np.quantile(known, np.linspace(0, 1, QUARTERS + 1)))
    spelled = [_date(edge) if dates else number(float(edge), 3) for edge in edges]
    for place in range(len(edges) - 1):
        last = place == len(edges) - 2
        inside = (values >= edges[place]) & ((values <= edges[-1]) if last else (values < edges[place + 1]))
        yield f"{name} from {spelled[place]} to {spelled[place + 1]}", inside & ~missing


def _date(stamp: float) -> str:
    """Microseconds or nanoseconds since 1970, told apart by their size."""
    unit = 1e9 if stamp > 1e17 else 1e6 if stamp > 1e14 else 1e3 if stamp > 1e11 else 1.0
    return str(np.datetime64(int(stamp / unit), "s"))[:10]


def _p(subject: Subject, inside: Array, outside: Array) -> float:
    from scipy.stats import fisher_exact, ttest_ind

    if subject.classifies:
        right, others = int(inside.sum()), int(outside.sum())
        table = [[right, len(inside) - right], [others, len(outside) - others]]
        return float(fisher_exact(table).pvalue)
    if inside.std() == 0 and outside.std() == 0:
        return 1.0
    return float(ttest_ind(inside, outside, equal_var=False).pvalue)
