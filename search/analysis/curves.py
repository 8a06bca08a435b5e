"""Learning curves: the objective over the steps of each trial, thinned to what an eye can tell apart."""

from __future__ import annotations

from typing import Any

from search.analysis.ranking import ranked
from search.analysis.thinning import evenly, head_and_even
from search.history import History
from search.trial import Trial

__all__ = ["learning_curves"]

CURVES, POINTS, BEST = 120, 150, 10


def learning_curves(history: History, curves: int = CURVES, points: int = POINTS) -> dict[str, Any]:
    """At most `curves` curves of at most `points` points: the best ten, and an even spread over the other ranks.

    Each: `trial`, `state`, `rank` (None for a failed trial), `steps`, `values` (finite ones only). A thinned curve
    keeps its first, its last and its best point. `total`: curves there are.
    """
    order = ranked(history)
    place = {trial.number: rank for rank, trial in enumerate(order, start=1)}
    others = [
        t for t in history.trials if t.number not in place and any(r.score is not None for r in t.results)
    ]
    every = order + others
    chosen = [every[i] for i in head_and_even(len(every), curves, BEST)]
    return {
        "total": len(every),
        "max_steps": history.problem.max_steps,
        "curves": [_curve(history, trial, place.get(trial.number), points) for trial in chosen],
    }


def _curve(history: History, trial: Trial, rank: int | None, points: int) -> dict[str, Any]:
    finite = [(r.step, r.score) for r in trial.results if r.score is not None]
    keep = set(evenly(len(finite), points))
    if trial.best is not None:
        keep |= {i for i, (step, _) in enumerate(finite) if step == trial.best.step}
    value = history.problem.objective.value
    kept = [finite[i] for i in sorted(keep)]
    return {
        "trial": trial.id,
        "state": trial.state,
        "rank": rank,
        "steps": [step for step, _ in kept],
        "values": [value(score) for _, score in kept],
    }
