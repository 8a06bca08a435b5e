"""One parameter at a time: the value of every trial over it, and the best that was found along it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from search.analysis.axes import Axis, axes_of
from search.analysis.ranking import best_score, ranked
from search.analysis.thinning import head_and_even
from search.history import History
from search.trial import Trial

__all__ = ["slices"]

POINTS = 2000


def slices(history: History, points: int = POINTS) -> dict[str, Any]:
    """For each searched parameter the `points` (columns trial, place, value, state) and the `envelope`.

    `place`: the parameter's number, or the index of its choice. `envelope`: the best value in each cell of
    equal width (about the square root of the trials, 4 to 20) on the parameter's own scale (each choice; each whole number where there are few), empty cells left
    out: columns low, high, value, trials. At most `points` trials are listed (`shown`): the best quarter of them and an even
    spread over the other ranks; envelopes are of all.
    """
    order = ranked(history)
    bins = min(20, max(4, round(len(order) ** 0.5)))
    shown = [order[i] for i in head_and_even(len(order), points, points // 4)]
    return {
        "total": len(order),
        "shown": len(shown),
        "parameters": [_slice(history, axis, order, shown, bins) for axis in axes_of(history)],
    }


def _slice(history: History, axis: Axis, order: list[Trial], shown: list[Trial], bins: int) -> dict[str, Any]:
    value = history.problem.objective.value
    columns: dict[str, list[Any]] = {"trial": [], "place": [], "value": [], "state": []}
    for trial in shown:
        place, score = axis.place(trial.config), best_score(trial)
        if place is not None and score is not None:
            columns["trial"].append(trial.id)
            columns["place"].append(place)
            columns["value"].append(value(score))
            columns["state"].append(trial.state)
    return {
        **axis.told(),
        "points": columns,
        "envelope": _envelope(history, axis, order, bins),
    }


def _envelope(history: History, axis: Axis, order: list[Trial], bins: int) -> dict[str, list[Any]]:
    edges = _edges(axis, bins)
    best: dict[int, float] = {}
    trials: dict[int, int] = {}
    for trial in order:
        place, score = axis.place(trial.config), best_score(trial)
        if place is None or score is None:
            continue
        cell = int(np.clip(np.searchsorted(edges, place, side="right") - 1, 0, len(edges) - 2))
        best[cell] = min(score, best.get(cell, math.inf))
        trials[cell] = trials.get(cell, 0) + 1
    cells = sorted(best)
    return {
        "low": [float(edges[cell]) for cell in cells],
        "high": [float(edges[cell + 1]) for cell in cells],
        "value": [history.problem.objective.value(best[cell]) for cell in cells],
        "trials": [trials[cell] for cell in cells],
    }


def _edges(axis: Axis, bins: int) -> np.ndarray:
    if axis.scale == "choice" or (axis.whole and axis.scale == "linear" and axis.high - axis.low < bins):
        return np.arange(axis.low - 0.5, axis.high + 1.0)
    if axis.low == axis.high:
        return np.array([axis.low, axis.high])
    if axis.scale == "log":
        return np.geomspace(axis.low, axis.high, bins + 1)
    return np.linspace(axis.low, axis.high, bins + 1)
