"""How much a search has attained: the hypervolume of its front as the trials came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from search.dominance import Points, hypervolume, undominated
from search.front import points_of, settled
from search.history import History

__all__ = ["hypervolume_curve", "reference_of", "shared_volumes"]

MARGIN = 0.1


def reference_of(clouds: Sequence[Points]) -> Points:
    """The point that volumes are measured to: the worst of every objective over all feasible trials, and a tenth of its
    range beyond that, so that the ends of the front count too. Shape (objectives,), in scores.

    A volume depends on it: compare volumes of one reference only. `clouds`: of several runs, for one in common.
    """
    every = np.concatenate(list(clouds))
    worst, span = every.max(axis=0), np.ptp(every, axis=0)
    room: Points = worst + MARGIN * np.where(span > 0, span, np.maximum(np.abs(worst), 1.0))
    return room


def hypervolume_curve(history: History, reference: Points, ideal: Points) -> dict[str, Any]:
    """The volume after each trial that added to it: columns `trial` (ended so far), `steps`, `seconds`, and `share`.

    `share`: of the box between `ideal` (the best of every objective) and `reference`, 0 to 1. `trials`, `spent`: in all.
    """
    trials = sorted(settled(history), key=lambda trial: (trial.closed or 0.0, trial.number))
    points = points_of(trials, len(history.problem.objectives))
    ended = sorted(trial.closed for trial in history.trials if trial.closed is not None)
    reported = sorted(result.now for trial in history.trials for result in trial.results)
    box = float(np.prod(reference - ideal))
    front, volume = np.empty((0, points.shape[1])), 0.0
    columns: dict[str, list[Any]] = {"trial": [], "steps": [], "seconds": [], "share": []}
    for trial, point in zip(trials, points, strict=True):
        gain = _gain(front, point, reference)
        if gain <= 0:
            continue
        volume += gain
        front = np.vstack([front, point])
        front = front[undominated(front)]
        assert trial.closed is not None
        columns["trial"].append(int(np.searchsorted(ended, trial.closed, side="right")))
        columns["steps"].append(int(np.searchsorted(reported, trial.closed, side="right")))
        columns["seconds"].append(trial.closed)
        columns["share"].append(volume / box)
    return {**columns, "trials": len(ended), "spent": history.now}


def shared_volumes(histories: Sequence[History]) -> list[dict[str, Any]]:
    """Of sweeps with the same objectives: how each one's share grew of the box that all span together.

    Columns `trial`, `steps`, `seconds` and `value`, as of best-so-far curves.
    """
    clouds = [points_of(settled(history), len(history.problem.objectives)) for history in histories]
    if not any(map(len, clouds)):
        return [{"trial": [], "steps": [], "seconds": [], "value": []} for _ in histories]
    reference, ideal = reference_of(clouds), np.concatenate(clouds).min(axis=0)
    curves = (hypervolume_curve(history, reference, ideal) for history in histories)
    return [
        {"trial": c["trial"], "steps": c["steps"], "seconds": c["seconds"], "value": c["share"]}
        for c in curves
    ]


def _gain(front: Points, point: Points, reference: Points) -> float:
    """What a point adds to a front: its box, less what of it the front has (While et al. 2012)."""
    own = float(np.prod(np.maximum(reference - point, 0.0)))
    if not len(front) or own == 0:
        return own
    overlap = np.maximum(front, point)
    return own - hypervolume(overlap[undominated(overlap)], reference)
