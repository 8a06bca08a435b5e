"""What an ensemble is worth, on rows that had no part in making it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deploy.ab.paired import Paired, compare
from deploy.ensembles.blends import Blend
from deploy.errors import DeployError
from trainables.data.dataset import Array

__all__ = ["FOLDS", "Rows", "crossfit", "deal"]

FOLDS = 5

Fit = Callable[[Array, Array], Blend]
"""From outputs (members, rows, ...) and targets (rows, ...) to a blend."""


@dataclass(frozen=True)
class Rows:
    """What validation rows are.

    Attributes:
        y: classes, or values.
        groups: int (rows,), rows of one group stay together; None where there are none.
        ordered: whether they follow each other in time, so that neighbours have to stay together.
    """

    y: Array
    classes: bool
    groups: Array | None = None
    ordered: bool = False


def deal(rows: Rows, rng: np.random.Generator) -> Array:
    """The fold (rows,) of each row, 0 .. at most `FOLDS` - 1: classes keep their shares, groups and neighbours stay together."""
    count = len(rows.y)
    if rows.ordered:
        return np.arange(count) * FOLDS // count
    if rows.groups is not None:
        names, of = np.unique(rows.groups, return_inverse=True)
        return np.asarray((rng.permutation(len(names)) % FOLDS)[of])
    mixed = rng.permutation(count)
    if rows.classes:
        mixed = mixed[np.argsort(rows.y[mixed], kind="stable")]
    folds = np.empty(count, np.int64)
    folds[mixed] = np.arange(count) % FOLDS
    return folds


def crossfit(
    outputs: Array,
    rows: Rows,
    task: str,
    metric: str,
    goal: str,
    fit: Fit,
    best: Callable[[Array, Array], int],
    rng: np.random.Generator,
) -> Paired:
    """The ensemble against the single best member, both chosen on some rows and measured on the others.

    The rows are dealt into folds; for each, the ensemble is made, and the best member chosen, on the rows of all other
    folds, and both predict it. So every row is predicted once by something that has not seen it.

    Args:
        outputs: (members, rows, ...).
        fit: makes the ensemble. best: chooses the best member.

    Raises:
        DeployError: the rows cannot be dealt, since all belong together.
    """
    folds = deal(rows, rng)
    if len(np.unique(folds)) < 2:
        raise DeployError(
            "all validation rows are of one group (data.split.group), or there is one row: nothing is left to measure an "
            "ensemble on that had no part in making it. Validate on more groups"
        )
    single, whole = np.empty(outputs.shape[1:]), np.empty(outputs.shape[1:])
    for fold in np.unique(folds):
        there = folds == fold
        whole[there] = fit(outputs[:, ~there], rows.y[~there]).apply(outputs[:, there])
        single[there] = outputs[best(outputs[:, ~there], rows.y[~there])][there]
    return compare(task, single, whole, rows.y, metric, goal=goal, seed=int(rng.integers(2**31)))
