"""Column by column: has it the same distribution in two frames?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.validation.shift import (
    chi2,
    holm,
    jensen_shannon,
    joined,
    ks,
    most_frequent,
    psi,
    psi_by_chance,
    shares,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ColumnShift", "compare_columns"]

Array = np.ndarray[Any, np.dtype[Any]]

BINS, MOST_LABELS = 10, 50


@dataclass(frozen=True)
class ColumnShift:
    """One column of two frames.

    Attributes:
        test: "ks" of numbers and dates, "chi2" of labels.
        statistic, p: of that test.
        p_missing: of a chi-squared test of how many are missing; 1 where none is.
        adjusted: the smaller p of the two, doubled where both were asked, and corrected for all columns (Holm).
        psi: over deciles of the first frame, or the labels most frequent in both; missing is a bin of its own, and bins
            that are too rare are joined.
        psi_limit: what chance alone exceeds with probability 0.05.
        jensen_shannon: in bits.
        missing: shares in the first and the second frame.
        a, b: what is usual in each: the median, or the most frequent label.
    """

    name: str
    test: str
    statistic: float
    p: float
    p_missing: float
    adjusted: float
    psi: float
    psi_limit: float
    jensen_shannon: float
    missing: tuple[float, float]
    a: str
    b: str

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "missing": list(self.missing)}


def compare_columns(a: pd.DataFrame, b: pd.DataFrame) -> list[ColumnShift]:
    """The columns that both frames have, the most shifted first.

    Adjusted p <= 0.05 for any column that did not shift has probability 0.05 at most.
    """
    names = [name for name in map(str, a.columns) if name in b.columns]
    found = [_compare(name, a[name], b[name]) for name in names]
    adjusted = holm([each["adjusted"] for each in found])
    shifts = [ColumnShift(**{**each, "adjusted": float(p)}) for each, p in zip(found, adjusted, strict=True)]
    return sorted(shifts, key=lambda each: (each.adjusted, -each.psi))


def _compare(name: str, a: pd.Series[Any], b: pd.Series[Any]) -> dict[str, Any]:
    import pandas as pd

    counts = np.array([[int(x.isna().sum()), int(x.notna().sum())] for x in (a, b)])
    gone = [float(row[0] / max(row.sum(), 1)) for row in counts]
    _, p_missing = chi2(*counts) if counts[:, 0].any() else (0.0, 1.0)
    if a.dtype.kind in "iufbM" and b.dtype.kind in "iufbM":
        one, other = _numbers(a), _numbers(b)
        statistic, p = ks(one, other)
        edges = np.unique(np.quantile(one, np.linspace(0, 1, BINS + 1)[1:-1])) if len(one) else np.zeros(0)
        bins = [
            np.bincount(np.searchsorted(edges, x, side="left"), minlength=len(edges) + 1)
            for x in (one, other)
        ]
        test, usual = "ks", [_median(x) for x in (a, b)]
    else:
        said = [x.dropna().astype("str") for x in (a, b)]
        labels = most_frequent(pd.concat(said), MOST_LABELS)
        bins = [_counts(x, labels) for x in said]
        statistic, p = chi2(*bins)
        test, usual = "chi2", [str(x.mode().iloc[0]) if len(x) else "–" for x in said]
    with_gone = [
        np.append(x, row[0]) if counts[:, 0].any() else x for x, row in zip(bins, counts, strict=True)
    ]
    parts = [shares(x) for x in with_gone]
    common = joined(*with_gone)  # an empty bin alone would put the index beyond what chance gives
    return {
        "name": name,
        "test": test,
        "statistic": statistic,
        "p": p,
        "p_missing": p_missing,
        "adjusted": min(1.0, 2 * min(p, p_missing)) if counts[:, 0].any() else p,
        "psi": psi(*map(shares, common)),
        "psi_limit": psi_by_chance(common.shape[1], *(int(x.sum()) for x in common)),
        "jensen_shannon": jensen_shannon(*parts),
        "missing": (gone[0], gone[1]),
        "a": usual[0],
        "b": usual[1],
    }


def _numbers(column: pd.Series[Any]) -> Array:
    known = column.dropna()
    if known.dtype.kind == "M":
        return known.to_numpy().astype("datetime64[s]").astype(np.float64)
    values = known.to_numpy(np.float64)
    return np.asarray(values[np.isfinite(values)])


def _median(column: pd.Series[Any]) -> str:
    known = column.dropna()
    if not len(known):
        return "–"
    if known.dtype.kind == "M":
        return str(known.sort_values().iloc[len(known) // 2])[:10]
    return f"{float(known.median()):.4g}"


def _counts(cells: pd.Series[Any], labels: list[str]) -> Array:
    """How often each label occurs, and all others together."""
    counted = cells.value_counts().reindex(labels, fill_value=0).to_numpy(np.int64)
    return np.append(counted, len(cells) - counted.sum())
