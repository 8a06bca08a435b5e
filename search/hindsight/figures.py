"""What the plays of one arm come to: means over seeds with 95 % intervals, and arms paired by seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from search.hindsight.arm import Arm
from search.hindsight.playing import Play
from search.hindsight.recorded import Record

__all__ = ["SURE_OF", "figures", "mean", "ratio"]

SURE_OF = 0.1
"""The share of unrecorded steps up to which what an arm finds is told at all."""

_DRAWS = 4000


def mean(values: Sequence[float]) -> dict[str, float | None]:
    """`mean`, and `low` and `high` of its 95 % bootstrap interval; null without values. One value has no interval."""
    if not values:
        return {"mean": None, "low": None, "high": None}
    if len(values) == 1:
        return {"mean": values[0], "low": None, "high": None}
    drawn = (
        np.random.default_rng(0).choice(np.asarray(values, dtype=float), (_DRAWS, len(values))).mean(axis=1)
    )
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {"mean": float(np.mean(values)), "low": float(low), "high": float(high)}


def ratio(values: Sequence[float], others: Sequence[float]) -> dict[str, float | None]:
    """The ratio of the means of paired values, with its 95 % bootstrap interval over the pairs."""
    above, below = np.asarray(values, dtype=float), np.asarray(others, dtype=float)
    if len(above) == 0 or below.sum() <= 0:
        return {"mean": None, "low": None, "high": None}
    found = float(above.sum() / below.sum())
    if len(above) == 1:
        return {"mean": found, "low": None, "high": None}
    picks = np.random.default_rng(0).integers(len(above), size=(_DRAWS, len(above)))
    sums = np.maximum(below[picks].sum(axis=1), 1e-12)
    low, high = np.quantile(above[picks].sum(axis=1) / sums, (0.025, 0.975))
    return {"mean": found, "low": float(low), "high": float(high)}


def figures(record: Record, role: str, arm: Arm, plays: Sequence[Play]) -> dict[str, Any]:
    """JSON: see `docs/json-contract.md`. What was not reached counts with all that was spent, so that a mean is a least."""
    reached = [each.good for each in plays if each.good is not None]
    ended = [each.best for each in plays if each.best is not None]
    steps = sum(each.steps for each in plays)
    return {
        "role": role,
        "name": arm.name,
        "method": arm.method,
        "scheduler": arm.scheduler,
        "workers": arm.workers,
        "steps": mean([each.steps for each in plays]),
        "seconds": mean([each.seconds for each in plays]),
        "good": {
            "reached": len(reached) / len(plays),
            "steps": mean([steps_to_good(each) for each in plays]),
            "trials": mean([trials_to_good(each) for each in plays]),
            "seconds": mean([each.seconds if each.good is None else each.good.seconds for each in plays]),
        },
        "regret": mean([record.regret(score) for score in ended]),
        "unrecorded": sum(each.unrecorded for each in plays) / steps if steps else 0.0,
        "guessed": sum(each.guessed for each in plays),
    }


def steps_to_good(found: Play) -> float:
    return found.steps if found.good is None else found.good.steps


def trials_to_good(found: Play) -> float:
    return found.trials if found.good is None else found.good.trials
