"""Comparison of two arms with one look, when all rows are in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Difference", "rates", "welch"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """Treatment minus control.

    Attributes:
        estimate: in the outcome's unit.
        low, high: the interval of 1 - alpha.
        p: two-sided, of no difference.
        test: its name, with the paper.
    """

    estimate: float
    low: float
    high: float
    p: float
    test: str


def rates(control: tuple[int, int], treatment: tuple[int, int], alpha: float = 0.05) -> Difference:
    """Two rates: the pooled z test, or Fisher's exact test where a cell's expected count is below 5.

    The interval is Newcombe's (1998, method 10), made of Wilson's two, which stays in [-1, 1] and is right for rates near
    0 and 1 where the plain one is not.

    Args:
        control, treatment: (ones, rows) of each; at least one row.
    """
    from scipy.stats import fisher_exact, norm

    (x, n), (y, m) = control, treatment
    first, second = x / n, y / m
    pooled = (x + y) / (n + m)
    if min(n, m) * min(pooled, 1 - pooled) < 5:
        p, test = float(fisher_exact([[x, n - x], [y, m - y]]).pvalue), "Fisher's exact test"
    else:
        error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        p, test = float(2 * norm.sf(abs(second - first) / error)), "pooled z test"
    (l1, u1), (l2, u2) = _wilson(x, n, alpha), _wilson(y, m, alpha)
    low = second - first - math.hypot(second - l2, u1 - first)
    high = second - first + math.hypot(u2 - second, first - l1)
    return Difference(second - first, low, high, min(1.0, p), f"{test}; interval of Newcombe 1998")


def welch(control: Floats, treatment: Floats, alpha: float = 0.05) -> Difference:
    """Two means of unequal variances (Welch 1947).

    Args:
        control, treatment: (rows,) finite; two rows and more each.
    """
    from scipy.stats import t

    estimate = float(treatment.mean() - control.mean())
    a, b = float(control.var(ddof=1) / len(control)), float(treatment.var(ddof=1) / len(treatment))
    error = math.sqrt(a + b)
    if error == 0:  # all equal within each arm
        return Difference(estimate, estimate, estimate, 0.0 if estimate else 1.0, "Welch's t test (1947)")
    freedom = (a + b) ** 2 / (a**2 / (len(control) - 1) + b**2 / (len(treatment) - 1))
    half = float(t.ppf(1 - alpha / 2, freedom)) * error
    p = float(2 * t.sf(abs(estimate) / error, freedom))
    return Difference(estimate, estimate - half, estimate + half, p, "Welch's t test (1947)")


def _wilson(ones: int, rows: int, alpha: float) -> tuple[float, float]:
    """Wilson's (1927) score interval."""
    from scipy.stats import norm

    z = float(norm.ppf(1 - alpha / 2))
    share, slack = ones / rows, z * z / rows
    middle = (share + slack / 2) / (1 + slack)
    half = z / (1 + slack) * math.sqrt(share * (1 - share) / rows + slack / (4 * rows))
    return middle - half, middle + half
