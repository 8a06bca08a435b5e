"""Ranks where several scores count: front by front, and within a front those first that cover it.

Schmucker et al. 2021, "Multi-objective Asynchronous Successive Halving" (arXiv 2106.12639): non-dominated sorting, and
within a front an epsilon-net (Salinas et al. 2021), which beat their scalarisations. Its order is such that the first k
points, for every k, lie as far apart as may be, so that whoever goes on stands for the whole front.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from search.dominance import Points, dominance_ranks
from search.trial import Trial

__all__ = ["merit_ranks", "scores_of"]


def merit_ranks(points: Points) -> npt.NDArray[np.int64]:
    """The place of each point among all, 1 is best; equal points share the better place. Shape (points,).

    A point of an earlier front comes first; within a front the best in the first objective, then always the point that
    is farthest from all before it, each objective in shares of its range over `points`.
    """
    distinct, back, counts = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    spans = np.ptp(distinct, axis=0)
    scaled = (distinct - distinct.min(axis=0)) / np.where(spans > 0, spans, 1.0)
    fronts = dominance_ranks(distinct)
    order = np.concatenate(
        [
            front[_net(scaled[front])]
            for front in (np.flatnonzero(fronts == n) for n in range(fronts.max() + 1))
        ]
    )
    places = np.empty(len(distinct), dtype=np.int64)
    places[order] = np.cumsum(counts[order]) - counts[order] + 1
    return np.asarray(places[back.reshape(-1)])


def scores_of(trial: Trial, step: int) -> tuple[float, ...]:
    """The scores of all objectives that a trial reported at `step`; it did, and they are finite."""
    for result in reversed(trial.results):
        if result.step == step and result.scores is not None:
            return result.scores
    raise ValueError(f"{trial.id} has no scores at step {step}")


def _net(points: Points) -> npt.NDArray[np.int64]:
    """The order in which the points of one front are taken. Shape (points,)."""
    order = [int(np.argmin(points[:, 0]))]
    room = np.linalg.norm(points - points[order[0]], axis=1)
    while len(order) < len(points):
        room[order] = -1.0
        order.append(int(np.argmax(room)))
        room = np.minimum(room, np.linalg.norm(points - points[order[-1]], axis=1))
    return np.asarray(order, dtype=np.int64)
