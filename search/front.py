"""What is left of several objectives once no trial is best in all: the front, and its corner points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.dominance import Points, undominated
from search.history import History
from search.trial import Trial

__all__ = ["extremes_of", "front_of", "knee_of", "points_of", "settled", "values_of"]


def settled(history: History) -> list[Trial]:
    """Trials that have ended with values that count: not failed, and feasible; by number.

    Where steps are folds or seeds, those with the most of them: a mean over fewer is the luckier one.
    """
    trials = [trial for trial in history.trials if trial.sound and not trial.open]
    if history.problem.repeats is None:
        return trials
    most = max((trial.steps for trial in trials), default=0)
    return [trial for trial in trials if trial.steps == most]


def points_of(trials: Sequence[Trial], objectives: int) -> Points:
    """The scores of trials that have any, smaller is better; shape (trials, objectives)."""
    rows = [trial.best.scores for trial in trials if trial.best is not None and trial.best.scores is not None]
    return np.array(rows, dtype=float).reshape(-1, objectives)


def values_of(history: History, trial: Trial) -> list[float]:
    """The values of all objectives that count of a trial, as the user knows them; [] where it has none."""
    scores = trial.best.scores if trial.best is not None else None
    if scores is None:
        return []
    return [each.value(score) for each, score in zip(history.problem.objectives, scores, strict=True)]


def front_of(history: History) -> list[Trial]:
    """The settled trials that no other dominates, the best in the first objective first; equal ones are all on it."""
    trials = settled(history)
    points = points_of(trials, len(history.problem.objectives))
    kept = np.flatnonzero(undominated(points))
    return [trials[index] for index in sorted(kept, key=lambda index: (tuple(points[index]), index))]


def extremes_of(points: Points) -> list[int]:
    """Of the points of a front: the best in each objective; of equals the one that is best in the others, then the first."""
    rest = range(points.shape[1])
    return [int(np.lexsort([points[:, other] for other in rest] + [points[:, one]])[0]) for one in rest]


def knee_of(points: Points) -> int | None:
    """Of the points of a front: the one furthest below the plane through its ends, where a little more of one objective
    begins to cost much of another. None where no point lies below it.

    With every objective scaled to its range on the front, that is the least sum, and below the plane it is less than 1
    (the bulge of Das 1999, in closed form).
    """
    if len(points) < 3:
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    spread = high > low
    sums = ((points[:, spread] - low[spread]) / (high - low)[spread]).sum(axis=1)
    knee = int(np.argmin(sums))
    return knee if sums[knee] < 1 - 1e-9 else None
