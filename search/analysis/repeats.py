"""How sure is each config's mean, over the folds or seeds that it was trained on, and who cannot be told from the winner?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from search.analysis.paired import LEVEL, mean_interval, t_test
from search.analysis.ranking import ranked
from search.history import History
from search.problem import Objective, Repeats
from search.trial import Trial
from trainables.repeats import OWN

__all__ = ["about_interval", "interval_of", "overlap_of", "repeats", "unvaried", "values_of"]

PAIRS = 100
"""Trials that the first is compared with."""

Floats = np.ndarray[Any, np.dtype[np.float64]]


def repeats(history: History) -> dict[str, Any] | None:
    """The intervals of a sweep whose steps are folds or seeds; None for any other.

    `over`, `times`, `length` (steps of one training), `about` (what the intervals are, in a sentence). `configs`, every
    ranked trial in its order: `trial`, `state`, `mean`, `std`, `values` (by repeat, in the metric's unit) and
    `interval` (95 %; None with fewer than two values). `pairs`: the first against the next `PAIRS` that had all its
    repeats: `other`, `difference` (other minus first, above 0 where the first is better), its `interval`, and `p`
    (two-sided t test with the same correction; None with fewer than two). `close`: those of them that cannot be told
    from the first at 5 %, one-sided; it is not corrected for their number, nor for the first having been chosen by these
    values. `unvaried`: every trial had the same value each time.
    """
    plan = history.problem.repeats
    if plan is None:
        return None
    objective, order = history.problem.objective, ranked(history)
    scores = [values_of(trial, objective) for trial in order]
    others = [
        (trial, theirs)
        for trial, theirs in zip(order[1:], scores[1:], strict=True)
        if 0 < len(scores[0]) == len(theirs)
    ]
    with np.errstate(over="ignore", invalid="ignore"):  # of a training that came apart
        pairs = [{"other": trial.id, **_pair(theirs - scores[0], plan)} for trial, theirs in others[:PAIRS]]
        configs = [_config(trial, own, objective, plan) for trial, own in zip(order, scores, strict=True)]
    return {
        "over": plan.over,
        "times": plan.times,
        "length": plan.length,
        "about": about_interval(plan),
        "configs": configs,
        "pairs": pairs,
        "close": [pair["other"] for pair in pairs if not _apart(pair)],
        "unvaried": unvaried(scores),
    }


def values_of(trial: Trial, objective: Objective) -> Floats:
    """(repeats,) scores of a trial's repeats, smaller is better; up to the first that has none."""
    name = objective.metric + OWN
    own = takewhile(lambda value: value is not None, (r.metrics.get(name) for r in trial.results))
    return np.array([objective.score(value) for value in own if value is not None], dtype=float)


def overlap_of(plan: Repeats) -> float:
    """What is added to 1/n in the variance of a mean over n repeats, for what their trainings have in common.

    Two trainings on folds share most of their rows, so their values are not independent, and the plain variance is too
    small; no unbiased estimate exists (Bengio and Grandvalet 2004). Nadeau and Bengio (2003) add the ratio of the rows
    tested to the rows trained on: of k folds, 1 / (k - 1). Seeds are independent: 0.
    """
    return 1 / (plan.times - 1) if plan.over == "folds" else 0.0


def interval_of(scores: Floats, plan: Repeats) -> list[float] | None:
    """The 95 % interval of the mean of these repeats; None with fewer than two, or where squares exceed a float."""
    span = mean_interval(scores, overlap_of(plan)) if len(scores) > 1 else None
    return span if span is not None and bool(np.isfinite(span).all()) else None


def about_interval(plan: Repeats) -> str:
    """What the interval is, and of what, in a sentence."""
    if plan.over == "folds":
        return (
            f"95 % interval of the mean over {plan.times} folds, Student's t with the correction of Nadeau and Bengio: "
            "folds share training rows, so the plain one would be too narrow"
        )
    return (
        f"95 % interval of the mean over {plan.times} seeds, Student's t: what another seed would change, not what other "
        "data would"
    )


def unvaried(scores: Sequence[Floats]) -> bool:
    """Whether repeating changed nothing: several values of each trial, and all the same."""
    several = [own for own in scores if len(own) > 1]
    return bool(several) and all(bool(np.ptp(own) == 0) for own in several)


def _config(trial: Trial, scores: Floats, objective: Objective, plan: Repeats) -> dict[str, Any]:
    span = interval_of(scores, plan)
    return {
        "trial": trial.id,
        "state": trial.state,
        "values": [objective.value(float(score)) for score in scores],
        "mean": objective.value(float(scores.mean())) if len(scores) else None,
        "std": float(scores.std(ddof=1)) if len(scores) > 1 else None,
        "interval": None if span is None else sorted(objective.value(end) for end in span),
    }


def _pair(differences: Floats, plan: Repeats) -> dict[str, Any]:
    return {
        "difference": float(differences.mean()),
        "interval": interval_of(differences, plan),
        "p": t_test(differences, overlap_of(plan)) if len(differences) > 1 else None,
    }


def _apart(pair: dict[str, Any]) -> bool:
    """Whether the first is better beyond chance, one-sided."""
    return pair["p"] is not None and pair["difference"] > 0 and pair["p"] / 2 <= LEVEL
