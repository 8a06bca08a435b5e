"""Statistics of paired differences: few of them, so everything exact or Student's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

__all__ = ["LEVEL", "NEEDED", "holm", "mean_interval", "sign_flip", "t_test"]

NEEDED = 5
"""Pairs below which nothing is tested: of 2**4 signs the smallest two-sided p is 0.125."""

LEVEL = 0.05
"""Two-sided: intervals are of 95 %."""

Floats = np.ndarray[Any, np.dtype[np.float64]]


def sign_flip(differences: Floats) -> float:
    """p of the two-sided sign-flip permutation test that the mean difference is 0; exact up to 12 differences."""
    from scipy.stats import permutation_test

    return float(
        permutation_test(
            (differences,),
            lambda x, axis: np.mean(x, axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=2**12,
            rng=np.random.default_rng(0),
        ).pvalue
    )


def mean_interval(differences: Floats, overlap: float = 0.0) -> list[float]:
    """Student's, for the mean: with five to ten differences the percentile bootstrap is far too narrow.

    `overlap`: added to 1/n in the variance where they are not independent (folds; Nadeau and Bengio 2003).
    """
    half = _quantile(len(differences) - 1) * _error(differences, overlap)
    return [float(differences.mean() - half), float(differences.mean() + half)]


def t_test(differences: Floats, overlap: float = 0.0) -> float:
    """p of the two-sided t test that the mean is 0, with that correction; of equal differences 0, or 1 where all are 0."""
    from scipy.stats import t

    error, mean = _error(differences, overlap), float(differences.mean())
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * t.sf(abs(mean) / error, len(differences) - 1))


@cache
def _quantile(freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf(1 - LEVEL / 2, freedom))


def _error(differences: Floats, overlap: float) -> float:
    return float(differences.std(ddof=1) * np.sqrt(1 / len(differences) + overlap))


def holm(pairs: Sequence[dict[str, Any]]) -> None:
    """Holm's step-down correction, in place: (m - k) times the k-th smallest p, never falling."""
    tested = sorted((pair for pair in pairs if pair["p"] is not None), key=lambda pair: float(pair["p"]))
    floor = 0.0
    for k, pair in enumerate(tested):
        floor = max(floor, min(1.0, (len(tested) - k) * float(pair["p"])))
        pair["adjusted"] = floor
