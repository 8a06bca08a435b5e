"""Statistics of paired differences: few of them, so everything exact or Student's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["LEVEL", "NEEDED", "holm", "mean_interval", "sign_flip"]

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


def mean_interval(differences: Floats) -> list[float]:
    """Student's, for the mean: with five to ten differences the percentile bootstrap is far too narrow."""
    from scipy.stats import t

    half = t.ppf(1 - LEVEL / 2, len(differences) - 1) * differences.std(ddof=1) / np.sqrt(len(differences))
    return [float(differences.mean() - half), float(differences.mean() + half)]


def holm(pairs: Sequence[dict[str, Any]]) -> None:
    """Holm's step-down correction, in place: (m - k) times the k-th smallest p, never falling."""
    tested = sorted((pair for pair in pairs if pair["p"] is not None), key=lambda pair: float(pair["p"]))
    floor = 0.0
    for k, pair in enumerate(tested):
        floor = max(floor, min(1.0, (len(tested) - k) * float(pair["p"])))
        pair["adjusted"] = floor
