"""Intervals of what is measured on rows: a share, a mean, a mean of paired differences."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["mean_interval", "share_interval"]

Array = np.ndarray[Any, np.dtype[Any]]

NORMAL = 1.959963984540054
"""Of a two-sided 95 % interval."""


def share_interval(right: float, rows: int) -> tuple[float, float]:
    """95 % interval of a share, `right` of `rows` (Wilson 1927): sound near 0 and 1, too. (0, 1) without rows."""
    if rows < 1:
        return 0.0, 1.0
    share, square = right / rows, NORMAL**2
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    half = NORMAL / (1 + square / rows) * np.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def mean_interval(values: Array) -> tuple[float, float]:
    """95 % interval of the mean of independent values (rows,), Student's; infinite below two of them."""
    from scipy.stats import t

    if len(values) < 2:
        return float("-inf"), float("inf")
    mean = float(np.mean(values))
    half = float(t.ppf(0.975, len(values) - 1)) * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return mean - half, mean + half
