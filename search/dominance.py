"""Dominance: what there is instead of an order where several scores count. Smaller is better throughout.

A point dominates another if it is nowhere worse and somewhere better. A feasible point dominates every infeasible one,
and of two infeasible ones the one that violates less dominates (constrained domination, Deb et al. 2002).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Points", "crowding", "dominance_ranks", "hypervolume", "undominated"]

Points = npt.NDArray[np.float64]
"""Shape (points, objectives)."""

_ROWS = 1000  # compared with all others at a time, which bounds the memory


def dominance_ranks(points: Points, violations: Sequence[float] | None = None) -> npt.NDArray[np.int64]:
    """The front that each point lies on, from 0: what only points of earlier fronts dominate. Shape (points,).

    Equal points lie on one front. `violations`: of each point, 0 = feasible; None = all are. Infeasible points come
    after all feasible ones, by violation, equal violations on one front (Deb et al. 2002, sec. VI).
    """
    broken = np.zeros(len(points)) if violations is None else np.asarray(violations, dtype=float)
    ranks = np.zeros(len(points), dtype=np.int64)
    feasible = np.flatnonzero(broken <= 0)
    ranks[feasible] = _ranks(points[feasible])
    first = ranks[feasible].max() + 1 if len(feasible) else 0
    infeasible = np.flatnonzero(broken > 0)
    if len(infeasible):
        ranks[infeasible] = first + np.unique(broken[infeasible], return_inverse=True)[1]
    return ranks


def undominated(points: Points) -> npt.NDArray[np.bool_]:
    """Whether each point lies on the first front. Shape (points,)."""
    if not len(points):
        return np.zeros(0, dtype=bool)
    distinct, back = np.unique(points, axis=0, return_inverse=True)
    return _undominated(distinct)[back.reshape(-1)]


def crowding(points: Points) -> Points:
    """How much room each point of one front has: the sides of the box between its neighbours, in shares of the range.

    Infinite at the ends of every objective (Deb et al. 2002, sec. III-B). Shape (points,).
    """
    room = np.zeros(len(points))
    for column in points.T:
        order = np.argsort(column, kind="stable")
        span = float(column[order[-1]] - column[order[0]])
        if span <= 0:
            continue
        room[order[[0, -1]]] = np.inf
        room[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return room


def hypervolume(points: Points, reference: Sequence[float] | Points) -> float:
    """The volume between the points and `reference`, of 1 to 3 objectives, exactly; points beyond it add nothing.

    The share of the box that they dominate (Zitzler, Thiele 1998): larger is better, and it grows with every point that
    no other dominates. In three objectives: by slices along the third, O(n^2 log n).
    """
    corner = np.asarray(reference, dtype=float)
    inside = points[np.all(points < corner, axis=1)]
    if not len(inside):
        return 0.0
    if points.shape[1] == 1:
        return float(corner[0] - inside.min())
    if points.shape[1] == 2:
        return _area(inside, corner)
    order = np.argsort(inside[:, 2], kind="stable")
    heights = np.append(inside[order, 2], corner[2])
    volume, front = 0.0, np.empty((0, 2))
    for place, index in enumerate(order):
        front = np.vstack([front, inside[index, :2]])
        front = front[undominated(front)]
        if heights[place + 1] > heights[place]:
            volume += _area(front, corner[:2]) * float(heights[place + 1] - heights[place])
    return volume


def _area(points: Points, corner: Points) -> float:
    """Of two objectives: strips from the left to the right, each as high as the best point so far."""
    order = np.lexsort((points[:, 1], points[:, 0]))
    left, lowest = points[order, 0], np.minimum.accumulate(points[order, 1])
    widths = np.append(left[1:], corner[0]) - left
    return float(np.sum(widths * (corner[1] - lowest)))


def _ranks(points: Points) -> npt.NDArray[np.int64]:
    """Fronts of feasible points: those that nothing left dominates are taken off, again and again."""
    ranks = np.zeros(len(points), dtype=np.int64)
    distinct, back = np.unique(
        points, axis=0, return_inverse=True
    )  # sorted: a point is dominated by earlier ones only
    left = np.arange(len(distinct))
    found = np.zeros(len(distinct), dtype=np.int64)
    rank = 0
    while len(left):
        free = _undominated(distinct[left])
        found[left[free]] = rank
        left = left[~free]
        rank += 1
    ranks[:] = found[back.reshape(-1)]
    return ranks


def _undominated(points: Points) -> npt.NDArray[np.bool_]:
    """Of distinct points in lexicographic order: those that no other dominates."""
    if points.shape[1] == 1:
        return np.asarray(np.arange(len(points)) == 0)
    if points.shape[1] == 2:
        lowest = np.minimum.accumulate(points[:, 1])
        lower: npt.NDArray[np.bool_] = np.append(True, points[1:, 1] < lowest[:-1])
        return lower
    free = np.ones(len(points), dtype=bool)
    for begin in range(0, len(points), _ROWS):
        rows = points[begin : begin + _ROWS]
        kept = points[: begin + len(rows)][free[: begin + len(rows)]]
        beats = np.all(kept[None] <= rows[:, None], axis=2) & np.any(kept[None] < rows[:, None], axis=2)
        free[begin : begin + len(rows)] = ~beats.any(axis=1)
    return free
