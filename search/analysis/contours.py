"""Two parameters at a time: what is typical of the values around each place, where there are trials to tell."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from search.analysis.axes import Axis, axes_of
from search.analysis.ranking import best_score, ranked
from search.analysis.thinning import head_and_even
from search.history import History
from search.trial import Trial

__all__ = ["contours"]

PARAMETERS, CELLS, POINTS = 3, 36, 800

Floats = np.ndarray[Any, np.dtype[np.float64]]


def contours(history: History, importance: dict[str, Any]) -> dict[str, Any]:
    """Every pair of the three most important parameters (by the mean share of the methods of `importance`).

    `reason`: why there is none, or None. `pairs`: `x` and `y` (parameter, scale, low, high, choices, conditional, whole), `points` (columns
    trial, x, y, value, state: the best quarter of at most 800 trials and an even spread over the other ranks) and `surface`:
    columns `x` and `y` of the grid, `value` (rows of y), or None with a choice among the two or too few different values.

    A value of the surface is the median of the trials' values, weighted by a normal kernel in the parameters' own scales
    (width by Scott's rule 1992): a mean would follow the few trials that diverged. None outside the hull of the trials,
    and where the weights come to less than that of one trial: nothing is drawn where nothing was tried.
    """
    axes = {axis.name: axis for axis in axes_of(history)}
    if importance["reason"]:
        return {"reason": importance["reason"], "pairs": []}
    chosen = [axes[name] for name in _most_important(importance)]
    if len(chosen) < 2:
        return {"reason": "Fewer than two parameters were judged.", "pairs": []}
    order = ranked(history)
    shown = [order[i] for i in head_and_even(len(order), POINTS, POINTS // 4)]
    pairs = [_pair(history, x, y, shown) for x, y in itertools.combinations(chosen, 2)]
    return {"reason": None, "pairs": [pair for pair in pairs if pair["points"]["trial"]]}


def _most_important(importance: dict[str, Any]) -> list[str]:
    methods = [method for method in importance["methods"] if method["shares"]]
    total: dict[str, float] = {}
    for method in methods:
        for share in method["shares"]:
            total[share["parameter"]] = total.get(share["parameter"], 0.0) + share["share"] / len(methods)
    return sorted(total, key=lambda name: -total[name])[:PARAMETERS]


def _pair(history: History, x: Axis, y: Axis, trials: list[Trial]) -> dict[str, Any]:
    value = history.problem.objective.value
    points: dict[str, list[Any]] = {"trial": [], "x": [], "y": [], "value": [], "state": []}
    for trial in trials:
        across, up, score = x.place(trial.config), y.place(trial.config), best_score(trial)
        if across is not None and up is not None and score is not None:
            for key, item in zip(points, (trial.id, across, up, value(score), trial.state), strict=True):
                points[key].append(item)
    return {"x": x.told(), "y": y.told(), "points": points, "surface": _surface(x, y, points)}


def _surface(x: Axis, y: Axis, points: dict[str, list[Any]]) -> dict[str, Any] | None:
    if "choice" in (x.scale, y.scale) or len(points["value"]) < 10:
        return None
    places = np.stack([_unit(x, points["x"]), _unit(y, points["y"])], axis=1)
    if min(len(np.unique(places[:, 0])), len(np.unique(places[:, 1]))) < 3:
        return None
    from scipy.spatial import Delaunay, QhullError

    try:
        hull = Delaunay(places)
    except QhullError:  # all trials on a line
        return None
    width = np.maximum(places.std(axis=0) * len(places) ** (-1 / 6), 1e-3)
    steps = np.linspace(0.0, 1.0, CELLS)
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    apart = ((grid[:, None, :] - places[None, :, :]) / width) ** 2
    weights = np.exp(-0.5 * apart.sum(axis=2))
    known = (hull.find_simplex(grid) >= 0) & (weights.sum(axis=1) >= 1.0)
    if not known.any():
        return None
    values = np.full(len(grid), np.nan)
    values[known] = _weighted_median(np.array(points["value"], dtype=float), weights[known])
    rows = values.reshape(CELLS, CELLS)
    return {
        "x": _plain(x, steps),
        "y": _plain(y, steps),
        "value": [[None if math.isnan(v) else float(f"{v:.5g}") for v in row] for row in rows.tolist()],
    }


def _weighted_median(values: Floats, weights: Floats) -> Floats:
    """Of `values`, shape (n,), for each row of `weights`, shape (rows, n)."""
    order = np.argsort(values)
    cumulated = np.cumsum(weights[:, order], axis=1)
    middle = (cumulated < cumulated[:, -1:] / 2).sum(axis=1)
    chosen: Floats = values[order][middle]
    return chosen


def _unit(axis: Axis, places: list[float]) -> Floats:
    """Places on the axis' own scale as shares of its range, in [0, 1]."""
    low, high, at = axis.low, axis.high, np.asarray(places, dtype=float)
    if axis.scale == "log":
        low, high, at = math.log10(low), math.log10(high), np.log10(at)
    return np.asarray((at - low) / (high - low) if high > low else np.zeros(len(at)))


def _plain(axis: Axis, shares: Floats) -> list[float]:
    if axis.scale == "log":
        return [float(f"{v:.6g}") for v in np.geomspace(axis.low, axis.high, len(shares))]
    return [float(f"{v:.6g}") for v in axis.low + shares * (axis.high - axis.low)]
