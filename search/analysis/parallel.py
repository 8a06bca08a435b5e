"""All parameters at once: the coordinates of every trial on every axis."""

from __future__ import annotations

from typing import Any

from search.analysis.axes import axes_of
from search.analysis.ranking import best_score, ranked
from search.analysis.thinning import head_and_even
from search.history import History

__all__ = ["parallel_coordinates"]

TRIALS = 600


def parallel_coordinates(history: History, trials: int = TRIALS) -> dict[str, Any]:
    """At most `trials` ranked trials, best first: a quarter of them the best, the others an even spread
    over the other ranks.

    `axes`: parameter, scale, low, high, choices and `places`, one per trial: the number, or the index of the choice,
    None where the parameter is not active. `values`: of the metric. `trials`: their ids.
    """
    order = ranked(history)
    shown = [order[i] for i in head_and_even(len(order), trials, trials // 4)]
    value = history.problem.objective.value
    return {
        "total": len(order),
        "trials": [trial.id for trial in shown],
        "values": [value(score) for trial in shown if (score := best_score(trial)) is not None],
        "axes": [
            {
                "parameter": axis.name,
                "scale": axis.scale,
                "low": axis.low,
                "high": axis.high,
                "choices": list(axis.choices),
                "places": [axis.place(trial.config) for trial in shown],
            }
            for axis in axes_of(history)
        ],
    }
