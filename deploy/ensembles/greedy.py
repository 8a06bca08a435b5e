"""Greedy ensemble selection with replacement and bagging (Caruana, Niculescu-Mizil, Crew and Ksikes 2004)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deploy.ensembles.blends import Mean
from trainables.data.dataset import Array

__all__ = ["BAGS", "PICKS", "select"]

BAGS = 20
"""Selections, each among another half of the members, whose weights are averaged (section 2.3)."""

PICKS = 25
"""Members that each selection takes, one after the other and any of them again."""

FIRST = 0.2
"""Share of the members of a bag that a selection begins with, best first (section 2.2: sorted initialisation)."""


def select(outputs: Array, quality: Callable[[Array], float], rng: np.random.Generator) -> Mean:
    """Weights under which the members together are good on the rows given.

    A selection begins with the best few of its bag, adds the member that makes the mean best, and is cut where it was best
    of all. Of equal ones the member that comes first is taken.

    Args:
        outputs: (members, rows, ...).
        quality: of one model's outputs (rows, ...) for the same rows; larger is better; NaN counts as the worst.
        rng: draws the bags.
    """
    members = len(outputs)
    alone = np.array([_worst_if_nan(quality(each)) for each in outputs])
    size = max(1, round(members / 2)) if members > 3 else members
    bags = BAGS if size < members else 1
    total = np.zeros(members)
    for _ in range(bags):
        bag = np.sort(rng.permutation(members)[:size])
        total += _one(outputs, bag, alone, quality)
    return Mean(tuple(float(weight) for weight in total / total.sum()))


def _one(outputs: Array, bag: Array, alone: Array, quality: Callable[[Array], float]) -> Array:
    """The weights (members,) of one selection; they add up to 1."""
    order = bag[np.argsort(-alone[bag], kind="stable")]
    first = order[: max(1, round(FIRST * len(bag)))]
    counts = np.zeros(len(outputs))
    counts[first] = 1
    summed = outputs[first].sum(axis=0)
    best, best_counts = _worst_if_nan(quality(summed / counts.sum())), counts.copy()
    if alone[order[0]] > best:
        best, best_counts = (
            float(alone[order[0]]),
            np.bincount(order[:1], minlength=len(outputs)).astype(float),
        )
    while counts.sum() < PICKS:
        taken = counts.sum() + 1
        found = [_worst_if_nan(quality((summed + outputs[each]) / taken)) for each in order]
        pick = order[int(np.argmax(found))]
        counts[pick] += 1
        summed = summed + outputs[pick]
        if max(found) > best:
            best, best_counts = max(found), counts.copy()
    return np.asarray(best_counts / best_counts.sum())


def _worst_if_nan(value: float) -> float:
    return value if np.isfinite(value) else -np.inf
