"""Several objectives: which trials no other beats in all of them, and what the others lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from search.analysis.hypervolume import hypervolume_curve, reference_of
from search.dominance import Points, dominance_ranks
from search.front import extremes_of, front_of, knee_of, points_of, settled, values_of
from search.history import History
from search.trial import Trial

__all__ = ["broken_constraints", "pareto"]


def pareto(history: History) -> dict[str, Any] | None:
    """The front and what lies behind it; None with one objective.

    `objectives`: metric and goal of each. `trials`: of every trial that ended with values (means over fewer folds or
    seeds than others had are left out), by number: `trial`, `values` (in the order of the objectives), `feasible`,
    `front` (1 = the Pareto front, then layer by layer; None for an infeasible one), `dominated_by` (how many feasible
    trials are better), `config`. `front`: ids on the first one, the best in the first objective first; `knee`,
    `extremes` (the best in each objective): ids among them, `knee` may be None. `feasible`, `infeasible`, `dominated`: how many trials. `hypervolume`: see `hypervolume_curve`, with
    `reference` and `ideal` as values; None before there is a feasible trial.
    """
    objectives = history.problem.objectives
    if len(objectives) == 1:
        return None
    feasible = settled(history)
    points = points_of(feasible, len(objectives))
    ranks = dict(zip((t.number for t in feasible), dominance_ranks(points).tolist(), strict=True))
    trials = [t for t in history.trials if _measured(t) and (t.number in ranks or not t.sound)]
    beaten = dict(zip((t.number for t in feasible), _dominated_by(points), strict=True))
    front = front_of(history)
    corners = points_of(front, len(objectives))
    knee = knee_of(corners)
    return {
        "objectives": [{"metric": each.metric, "goal": each.goal} for each in objectives],
        "trials": [
            {
                "trial": trial.id,
                "values": values_of(history, trial),
                "feasible": trial.number in ranks,
                "front": ranks[trial.number] + 1 if trial.number in ranks else None,
                "dominated_by": beaten.get(trial.number),
                "config": dict(trial.config),
            }
            for trial in trials
        ],
        "front": [trial.id for trial in front],
        "knee": None if knee is None else front[knee].id,
        "extremes": [front[index].id for index in extremes_of(corners)] if front else [],
        "feasible": len(feasible),
        "infeasible": len(trials) - len(feasible),
        "dominated": len(feasible) - len(front),
        "hypervolume": _volume(history, points) if len(feasible) else None,
    }


def broken_constraints(history: History) -> list[dict[str, Any]]:
    """Of each outcome constraint: its `constraint` as text, and by how many `trials` of those with values it is `broken`."""
    measured = [trial.best for trial in history.trials if _measured(trial) and trial.best is not None]
    return [
        {
            "constraint": constraint.text,
            "broken": sum(result.excess[place] > 0 for result in measured),
            "trials": len(measured),
        }
        for place, constraint in enumerate(history.problem.outcome_constraints)
    ]


def _measured(trial: Trial) -> bool:
    return trial.best is not None and trial.state in ("completed", "stopped")


def _dominated_by(points: Points) -> Sequence[int]:
    """How many points dominate each."""
    counts = []
    for point in points:
        counts.append(int((np.all(points <= point, axis=1) & np.any(points < point, axis=1)).sum()))
    return counts


def _volume(history: History, points: Points) -> dict[str, Any]:
    objectives = history.problem.objectives
    reference, ideal = reference_of([points]), points.min(axis=0)
    return {
        **hypervolume_curve(history, reference, ideal),
        "reference": [each.value(float(s)) for each, s in zip(objectives, reference, strict=True)],
        "ideal": [each.value(float(s)) for each, s in zip(objectives, ideal, strict=True)],
    }
