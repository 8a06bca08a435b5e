"""PED-ANOVA: which parameters set the best trials apart from the rest?

Watanabe et al. 2023, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces" (IJCAI);
parameters that are not always active as in its successor, Watanabe et al. 2026, "Conditional PED-ANOVA" (KDD, Theorem 4.2).
The importance of a parameter is the Pearson divergence between its density among the best trials and among all.

The same numbers as Optuna's evaluator (a test holds them together), from arrays instead of studies: an interval needs
hundreds of evaluations, and a study of ten thousand trials takes seconds to build.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["CELLS", "Column", "column", "ped_anova"]

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]

CELLS = 50
"""Cells into which the range of a number is divided."""


@dataclass(frozen=True)
class Column:
    """One parameter over all trials.

    `cells` int, shape (trials,): the cell or choice of each, -1 where it is not active. `size`: how many cells there are.
    `choice`: cells have no order.
    """

    cells: Whole
    size: int
    choice: bool

    def take(self, rows: Whole) -> Column:
        """The column of a sample of the trials, with repeats."""
        return Column(self.cells[rows], self.size, self.choice)


def column(places: Floats, low: float, high: float, choices: int) -> Column:
    """`places` shape (trials,), NaN where not active: numbers in [low, high], or with `choices` > 0 the index of a choice."""
    active = np.isfinite(places)
    cells = np.full(len(places), -1, dtype=np.int64)
    if choices:
        cells[active] = places[active].astype(np.int64)
        return Column(cells, choices, True)
    width = (high - low) / (CELLS - 1)
    nearest = np.ceil((places[active] - low) / width - 0.5) if width > 0 else np.zeros(active.sum())
    cells[active] = np.clip(nearest, 0, CELLS - 1).astype(np.int64)
    return Column(cells, CELLS, False)


def ped_anova(columns: list[Column], scores: Floats, share: float) -> Floats:
    """Importance of each column, >= 0: for reaching the best `share` of `scores` (shape (trials,), smaller is better)."""
    count = len(scores)
    cutoff = np.partition(scores, math.ceil(share * count) - 1)[math.ceil(share * count) - 1]
    best = scores <= cutoff
    return np.array([_importance(each, best) for each in columns])


def _importance(each: Column, best: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    active = each.cells >= 0
    among, there = int((active & best).sum()), int(active.sum())
    if among == 0 or there < 2:  # of a single trial no density can be told
        return 0.0
    alpha, beta = among / best.sum(), there / len(best)
    every = np.bincount(each.cells[active], minlength=each.size)
    top = np.bincount(each.cells[active & best], minlength=each.size)
    density, density_top = _density(every, each.choice), _density(top, each.choice)
    divergence = float(density @ (density_top / density - 1) ** 2)
    return float(alpha**2 / beta * divergence)


def _density(counts: Whole, choice: bool) -> Floats:
    """A Parzen estimate on the cells, a prior of the weight of one trial included; sums to 1 (about 1e-12 is added)."""
    observed = np.flatnonzero(counts)
    weights = np.append(counts[observed], 1.0)
    weights /= weights.sum()
    kernels = _choice_kernels(observed, len(counts)) if choice else _number_kernels(observed, counts)
    return np.asarray(weights @ kernels + 1e-12)


def _choice_kernels(observed: Whole, size: int) -> Floats:
    kernels = np.full((len(observed) + 1, size), 1.0 / (len(observed) + 1))
    kernels[np.arange(len(observed)), observed] += 1.0
    return np.asarray(kernels / kernels.sum(axis=1, keepdims=True))


def _number_kernels(observed: Whole, counts: Whole) -> Floats:
    """Normal kernels, cut at the ends of the range, with the width of Scott's rule (1992)."""
    from scipy.special import ndtr

    size, weights = len(counts), counts[observed].astype(float)
    total, cumulated = weights.sum(), np.cumsum(weights)
    mean = observed @ weights / total
    deviation = math.sqrt(float((observed - mean) ** 2 @ weights) / max(1.0, total - 1))
    first = np.searchsorted(cumulated, total // 4, side="left")
    third = min(len(observed) - 1, int(np.searchsorted(cumulated, total * 3 // 4, side="right")))
    quartiles = float(observed[third] - observed[first])
    width = max(
        1.059 * min(quartiles / 1.34, deviation) * total**-0.2, 0.5 / 1.64
    )  # 90 % in one cell at least
    middles = np.append(observed, (size - 1) / 2.0)[:, None]
    widths = np.append(np.full(len(observed), width), float(size))[:, None]
    edges = ndtr((np.arange(size + 1) - 0.5 - middles) / widths)
    return np.asarray(np.diff(edges, axis=1) / (edges[:, -1:] - edges[:, :1]))
