"""What to do with a proposal that breaks a constraint, once drawing again has not helped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from search.history import History
from search.problem import Problem
from search.seeds import searcher_rng
from spaces import Space

__all__ = ["drawn_back"]

_ANCHORS = 50  # newest trials among which the nearest feasible one is looked for
_HALVINGS = 20

Point = npt.NDArray[np.float64]


def drawn_back(
    problem: Problem, history: History, number: int, wanted: Mapping[str, Any], attempts: int
) -> Mapping[str, Any]:
    """A feasible config close to the one that a model wanted for trial `number`.

    It lies on the way, in the unit cube, from `wanted` to the nearest of the newest feasible trials before `number`, as
    close to `wanted` as bisection finds. Often a model's optimum lies beyond a constraint: then this is a point at
    the border, where a random config would be a wasted trial. Without any such trial: a random config, from the
    generator of attempt `attempts`.
    """
    space = problem.space
    before = history.trials[max(0, number - _ANCHORS) : number]
    anchors = [trial.config for trial in before if space.feasible(trial.config)]
    if not anchors:
        return space.sample(searcher_rng(problem.seed, number, attempts))
    target = space.to_unit(wanted)
    points = [space.to_unit(anchor) for anchor in anchors]
    nearest = min(range(len(points)), key=lambda index: _distance(target, points[index]))
    return _last_feasible(space, anchors[nearest], points[nearest], target)


def _distance(first: Point, second: Point) -> float:
    """Squared distance in the cube; a parameter that only one of them has counts as the whole edge."""
    apart = np.where(np.isnan(first) & np.isnan(second), 0.0, np.nan_to_num(first - second, nan=1.0))
    return float(np.square(apart).sum())


def _last_feasible(space: Space, anchor: Mapping[str, Any], start: Point, end: Point) -> Mapping[str, Any]:
    """The feasible config furthest from `start` that bisection between the two points finds; at worst the anchor."""
    start, end = np.where(np.isnan(start), end, start), np.where(np.isnan(end), start, end)
    start, end = np.nan_to_num(start, nan=0.5), np.nan_to_num(end, nan=0.5)
    found, low, high = anchor, 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        config = space.from_unit(start + middle * (end - start))
        if space.feasible(config):
            found, low = config, middle
        else:
            high = middle
    return found
