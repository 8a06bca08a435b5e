"""Have two samples the same distribution? Statistics of one column, of many, and of all columns jointly.

Pure functions of samples, counts or shares: `tuneyard validate` and `tuneyard monitor` ask the same ones.
Distances (`psi`, `jensen_shannon`) say how far; tests (`ks`, `chi2`, `two_sample`) say whether chance explains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "chi2",
    "holm",
    "jensen_shannon",
    "joined",
    "ks",
    "most_frequent",
    "psi",
    "psi_by_chance",
    "shares",
    "two_sample",
]

Array = np.ndarray[Any, np.dtype[Any]]

FLOOR = 1e-4
"""The share that a bin counts with, at least, in `psi`: an empty bin alone would make it infinite."""

EXPECTED = 5.0
"""Cells below this expected count are joined before `chi2` (Cochran 1954): its p would not hold."""

FOLDS, SHUFFLES = 5, 999
MOST_ROWS, MOST_LABELS = 800, 20
RIDGE = 1.0


def shares(counts: Sequence[float] | Array) -> Array:
    """Counts (bins,) as shares that sum to 1; all 0 where nothing was counted."""
    counted = np.asarray(counts, np.float64)
    total = counted.sum()
    return counted / total if total > 0 else counted


def psi(expected_shares: Sequence[float] | Array, found_shares: Sequence[float] | Array) -> float:
    """Population stability index, in nats and at least 0: sum of (found - expected) ln(found / expected).

    By custom 0.1 is a change worth a look and 0.25 a large one; of few rows chance alone reaches that (`psi_by_chance`).

    Args:
        expected_shares: by bin, as `shares` gives them; a share below 0.0001 counts as 0.0001.
        found_shares: of the same bins.

    Raises:
        ValueError: the bins are not as many.
    """
    expected, found = _same_bins(expected_shares, found_shares)
    expected, found = np.maximum(expected, FLOOR), np.maximum(found, FLOOR)
    return float(((found - expected) * np.log(found / expected)).sum())


def psi_by_chance(bins: int, rows_a: int, rows_b: int, level: float = 0.05) -> float:
    """The `psi` that two samples of one distribution exceed with probability `level`; infinity without rows.

    n m / (n + m) times the index is about chi-squared with bins - 1 degrees of freedom (Yurdakul 2018).
    """
    from scipy.stats import chi2 as chi_squared

    if bins < 2:
        return 0.0
    if min(rows_a, rows_b) < 1:
        return float("inf")
    return float(chi_squared.ppf(1 - level, bins - 1) * (1 / rows_a + 1 / rows_b))


def jensen_shannon(a_shares: Sequence[float] | Array, b_shares: Sequence[float] | Array) -> float:
    """Jensen-Shannon divergence in bits: 0 = the same shares, 1 = no bin in common (Lin 1991).

    Raises:
        ValueError: the bins are not as many.
    """
    a, b = _same_bins(a_shares, b_shares)
    middle = (a + b) / 2

    def divergence(from_: Array) -> float:
        some = from_ > 0
        return float((from_[some] * np.log2(from_[some] / middle[some])).sum())

    return max(0.0, (divergence(a) + divergence(b)) / 2)


def ks(a: Sequence[float] | Array, b: Sequence[float] | Array) -> tuple[float, float]:
    """Kolmogorov-Smirnov: the largest distance of the two distribution functions in [0, 1], and its two-sided p.

    Values that are not finite are left out. With ties (whole numbers) p is too large rather than too small. (0, 1)
    where a sample is empty: nothing can be told.
    """
    from scipy.stats import ks_2samp

    first, second = (_finite(each) for each in (a, b))
    if not len(first) or not len(second):
        return 0.0, 1.0
    few = max(len(first), len(second)) <= 500  # exact is O(n m); above, the limit law is as good
    found = ks_2samp(first, second, method="exact" if few else "asymp")
    return float(found.statistic), float(found.pvalue)


def chi2(counts_a: Sequence[float] | Array, counts_b: Sequence[float] | Array) -> tuple[float, float]:
    """Pearson's chi-squared test that two rows of counts (labels,) are of one distribution: statistic and p.

    Labels that are too rare for the approximation are joined into one. (0, 1) where fewer than two are left.

    Raises:
        ValueError: the labels are not as many.
    """
    from scipy.stats import chi2 as chi_squared

    table = joined(counts_a, counts_b)
    totals = table.sum(axis=1)
    if table.shape[1] < 2:
        return 0.0, 1.0
    expected = totals[:, None] * table.sum(axis=0) / totals.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return statistic, float(chi_squared.sf(statistic, table.shape[1] - 1))


def joined(counts_a: Sequence[float] | Array, counts_b: Sequence[float] | Array) -> Array:
    """Two rows of counts (2, bins), the bins that are too rare for an approximation joined into one; of a row without
    counts one bin is left.

    Raises:
        ValueError: the bins are not as many.
    """
    table = np.array(_same_bins(counts_a, counts_b))
    totals = table.sum(axis=1)
    if min(totals) <= 0:
        return np.asarray(totals[:, None])
    least = table.sum(axis=0) * (totals.min() / totals.sum())
    common = least >= EXPECTED
    rare = table[:, ~common].sum(axis=1, keepdims=True)
    table = np.hstack([table[:, common], rare]) if rare.sum() > 0 else table[:, common]
    if table.shape[1] > 1 and rare.sum() > 0 and rare.sum() * (totals.min() / totals.sum()) < EXPECTED:
        smallest = int(np.argmin(table[:, :-1].sum(axis=0)))  # the rare ones together are still too rare
        table[:, smallest] += table[:, -1]
        table = table[:, :-1]
    return table


def holm(p_values: Sequence[float] | Array) -> Array:
    """Holm's step-down correction (1979): adjusted p, in the order given.

    Calling those <= 0.05 found is wrong about any of them with probability 0.05 at most, however they depend on each
    other.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def two_sample(a: pd.DataFrame, b: pd.DataFrame, seed: int = 0) -> tuple[float, float]:
    """Can a classifier tell the rows of one frame from those of the other? (Lopez-Paz and Oquab 2017.)

    It learns on four fifths of the rows and ranks the rest, in five turns; the AUC is the mean over the turns: 0.5 = they
    cannot be told apart, 1 = always. So it sees shifts of columns that each look right alone. The classifier is
    kernel ridge regression on who is who, whose held-out scores are linear in that: 999 shuffles of it cost one product
    of matrices. p is exact, the rank among those shuffles: of frames of one distribution a share of 0.05 at most gets
    p <= 0.05, whatever their columns.

    Args:
        a, b: the same columns. Numbers may be missing, labels may be anything; of columns of texts the words are counted.
            At most 800 rows of each are drawn.
        seed: of rows, folds and shuffles.

    Returns:
        AUC, and the one-sided p that it is above 0.5, at least 0.001. (0.5, 1) where a frame has fewer than ten rows.
    """
    if min(len(a), len(b)) < 2 * FOLDS or not len(a.columns):
        return 0.5, 1.0
    rng = np.random.default_rng(seed)
    a, b = (each.iloc[rng.permutation(len(each))[:MOST_ROWS]] for each in (a, b))
    whose = np.repeat([0.0, 1.0], [len(a), len(b)])
    fold = np.concatenate([rng.permutation(len(each)) % FOLDS for each in (a, b)])
    kernel = _kernel(_coordinates(a, b))
    shuffled = np.repeat(whose[:, None], SHUFFLES + 1, axis=1)
    for turn in range(FOLDS):  # within a fold, so that each keeps its rows of both
        held = np.flatnonzero(fold == turn)
        shuffled[held, 1:] = rng.permuted(shuffled[held, 1:], axis=0)
    areas = np.mean([_areas(kernel, shuffled, fold == turn) for turn in range(FOLDS)], axis=0)
    return float(areas[0]), float(np.mean(areas >= areas[0] - 1e-12))


def _areas(kernel: Array, whose: Array, held: Array) -> Array:
    """AUC on the rows `held` of each column of `whose`, learnt on the other rows."""
    from scipy.linalg import cho_factor, cho_solve
    from scipy.stats import rankdata

    rest = ~held
    ridge = kernel[np.ix_(rest, rest)]
    ridge[np.diag_indices_from(ridge)] += RIDGE
    learnt = cho_solve(cho_factor(ridge, overwrite_a=True), whose[rest] - whose[rest].mean(axis=0))
    ranks = rankdata(kernel[np.ix_(held, rest)] @ learnt, axis=0)
    second = whose[held]
    m = second.sum(axis=0)
    return np.asarray(((ranks * second).sum(axis=0) - m * (m + 1) / 2) / (m * (len(second) - m)))


def _kernel(x: Array) -> Array:
    """Gaussian, its deviation the median distance between rows."""
    from scipy.spatial.distance import pdist, squareform

    squares = pdist(x, "sqeuclidean")
    some = squares[squares > 0]
    width = float(np.median(some)) if len(some) else 1.0
    return np.asarray(np.exp(-squareform(squares) / (2 * width)))


def _coordinates(a: pd.DataFrame, b: pd.DataFrame) -> Array:
    """Both frames, one below the other: numbers by their ranks, labels a column each, and what is missing."""
    import pandas as pd

    both = pd.concat([a, b], ignore_index=True)
    return np.column_stack([_of_column(both.iloc[:, place]) for place in range(both.shape[1])])


def _of_column(column: pd.Series[Any]) -> Array:
    import pandas as pd
    from scipy.stats import rankdata

    missing = column.isna().to_numpy(dtype=bool)
    if pd.api.types.is_datetime64_any_dtype(column):
        values = column.astype("int64").to_numpy(np.float64)
    elif pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(np.float64, na_value=np.nan)
    else:
        said = column.astype("str")
        counts = said[~missing].value_counts()
        common = most_frequent(said[~missing], MOST_LABELS)
        if counts.sum() and counts[common].sum() >= counts.sum() / 2:
            one_hot = np.column_stack([said == label for label in common])
            return np.column_stack([(one_hot & ~missing[:, None]) / np.sqrt(2), missing])
        values = np.array([float(len(each.split())) for each in said])
    missing = missing | ~np.isfinite(values)
    ranks = np.full(len(values), 0.5)
    if not missing.all():
        ranks[~missing] = rankdata(values[~missing]) / (len(values) - missing.sum())
    return np.column_stack([np.sqrt(12) * (ranks - 0.5), missing])


def most_frequent(labels: pd.Series[Any], most: int) -> list[str]:
    """The most frequent labels, equals in the order of the alphabet.

    Of two samples they are to be counted together: those that one sample alone has most of are too many there by chance,
    and would look shifted.
    """
    counts = labels.value_counts()
    return [str(label) for label in sorted(counts.index, key=lambda label: (-counts[label], label))[:most]]


def _finite(values: Sequence[float] | Array) -> Array:
    found = np.asarray(values, np.float64).ravel()
    return found[np.isfinite(found)]


def _same_bins(a: Sequence[float] | Array, b: Sequence[float] | Array) -> tuple[Array, Array]:
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(
            f"both need one number a bin, of the same bins; got {first.shape} and {second.shape}"
        )
    return first, second
