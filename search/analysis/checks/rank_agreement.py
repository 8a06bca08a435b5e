"""How well ranks at one step agree with ranks at the end: Kendall's tau, with an interval."""

from __future__ import annotations

import math

import numpy as np

from search.analysis.checks.traces import Floats

__all__ = ["FEWEST", "kendall", "kendall_interval"]

FEWEST = 6
"""Pairs of values below which no interval is given."""


def kendall(x: Floats, y: Floats, weights: Floats | None = None) -> float:
    """Kendall's tau-b of `x` and `y`; each pair of places counts with the product of its weights (default 1).

    NaN where one of both is constant or there are fewer than two places.
    """
    weight = np.ones(len(x)) if weights is None else weights
    both = np.triu(weight[:, None] * weight[None, :], 1)
    left, right = np.sign(x[:, None] - x[None, :]), np.sign(y[:, None] - y[None, :])
    scale = math.sqrt(float((both * left**2).sum()) * float((both * right**2).sum()))
    return float((both * left * right).sum()) / scale if scale else math.nan


def kendall_interval(tau: float, count: float) -> tuple[float, float] | None:
    """95 %, by Fisher's z with the variance 0.437 / (n - 4) (Fieller, Hartley and Pearson 1957); None below `FEWEST`.

    `count`: places; with weights, the effective number (sum of weights)**2 / (sum of squared weights).
    """
    if count < FEWEST or math.isnan(tau):
        return None
    z = math.atanh(max(-0.999, min(0.999, tau)))
    half = 1.96 * math.sqrt(0.437 / (count - 4))
    return math.tanh(z - half), math.tanh(z + half)
