"""Training against validation: the same metric on both parts over the steps of the best trials."""

from __future__ import annotations

import math
from typing import Any

from search.analysis.parts import VALID, other_part, split_part
from search.analysis.ranking import ranked
from search.analysis.thinning import evenly
from search.history import History
from search.trial import Trial

__all__ = ["fit"]

TRIALS, POINTS, PAIRS = 5, 150, 4


def fit(history: History, trials: int = TRIALS, points: int = POINTS) -> dict[str, Any]:
    """`pairs`: for each metric reported of both parts (at most four; that of the objective first, then `loss`, then by
    name) the names `train` and `valid`, and `curves`: for each of the best trials `trial`, `rank`, and the columns
    `steps`, `train`, `valid` (finite or None), thinned to `points` steps, first and last included.
    """
    best = ranked(history)[:trials]
    names = {name for trial in best for result in trial.results[-1:] for name in result.metrics}
    valid = [name for name in sorted(names) if split_part(name)[0] in VALID]
    objective = history.problem.objective.metric
    valid.sort(key=lambda name: (name != objective, split_part(name)[1] != "loss", name))
    pairs = [(other, name) for name in valid if (other := other_part(name, names)) is not None]
    return {
        "pairs": [
            {
                "train": train,
                "valid": name,
                "curves": [
                    _curve(trial, rank, train, name, points) for rank, trial in enumerate(best, start=1)
                ],
            }
            for train, name in pairs[:PAIRS]
        ]
    }


def _curve(trial: Trial, rank: int, train: str, valid: str, points: int) -> dict[str, Any]:
    results = [trial.results[i] for i in evenly(len(trial.results), points)]
    return {
        "trial": trial.id,
        "rank": rank,
        "steps": [result.step for result in results],
        "train": [_finite(result.metrics.get(train)) for result in results],
        "valid": [_finite(result.metrics.get(valid)) for result in results],
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
