"""Did every choice get a fair hearing, or was one dismissed after a few trials?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from search.analysis.axes import Axis, axes_of
from search.analysis.checks.base import Finding, cannot_tell, passed
from search.analysis.checks.response import response
from search.analysis.numbers import plural
from search.analysis.ranking import best_score
from search.history import History
from search.trial import Trial

__all__ = ["effort"]

NEEDED = 20  # trials with the parameter
FEW = 5  # trials that are a fair hearing
ALPHA = 0.01  # that even drawing gives a choice so few, over the choices (Bonferroni)
BETTER = 0.1  # one-sided p with which its trials are better than the others', all else equal
LATE = 0.2  # a choice that was tried in the last fifth of the trials is being heard
SAMPLED = 2000  # configs drawn to know the shares of the choices in a constrained space


def effort(history: History) -> list[Finding]:
    """Warns of each choice that had fewer than five trials, too few for chance, though it was better in them, or had none.

    Chance: the binomial distribution with the choice's share of the space. Better: by its effect on the value with the
    other parameters accounted for (`response`), since later trials of the others profit from what the method has
    learnt. A method that leaves a choice for being no better, on however little, is not accused, nor one that has lately
    come back to it.
    """
    axes = [axis for axis in axes_of(history) if axis.scale == "choice" and len(axis.choices) > 1]
    if not axes:
        return [passed("effort", "No parameter is a choice.")]
    found: list[Finding] = []
    judged = 0
    for axis in axes:
        trials = [trial for trial in history.trials if axis.place(trial.config) is not None]
        if len(trials) < NEEDED:
            continue
        judged += 1
        found += _of_axis(history, axis, trials)
    if not judged:
        most = max(sum(axis.place(t.config) is not None for t in history.trials) for axis in axes)
        return [cannot_tell("effort", f"{plural(most, 'trial')} with a choice; {NEEDED} are needed.")]
    return found or [
        passed("effort", "Every choice had a fair number of trials, or was left for being no better.")
    ]


def _of_axis(history: History, axis: Axis, trials: list[Trial]) -> list[Finding]:
    places = np.array([axis.place(trial.config) for trial in trials], dtype=np.intp)
    counts = np.bincount(places, minlength=len(axis.choices))
    shares = _shares(history, axis)
    found = []
    for place, choice in enumerate(axis.choices):
        had = int(counts[place])
        chance = float(stats.binom.cdf(had, len(trials), shares[place])) * len(axis.choices)
        if shares[place] == 0 or had >= FEW or chance > ALPHA:
            continue
        if had and np.flatnonzero(places == place)[-1] >= (1 - LATE) * len(trials):
            continue
        if _failed_or_no_better(history, axis, place, trials):
            continue
        how = "though better in them, all else equal" if had else "and so was never judged"
        evidence: dict[str, Any] = {
            "choice": choice,
            "trials": had,
            "of": len(trials),
            "expected": shares[place] * len(trials),
            "p_chance": chance,
            "counts": {name: int(n) for name, n in zip(axis.choices, counts, strict=True)},
        }
        found.append(
            Finding(
                "effort",
                "warn",
                f"{axis.name} = {choice} had {had} of {len(trials)} trials, {how}: it was dismissed, not beaten.",
                about=axis.name,
                evidence=evidence,
                next=f"Give {axis.name} = {choice} {max(FEW, len(trials) // len(axis.choices)) - had} trials more: "
                "name some among the points to try first, or search with it alone.",
                picture={
                    "kind": "bars",
                    "labels": list(axis.choices),
                    "values": [int(n) for n in counts],
                    "limit": float(FEW),
                },
            )
        )
    return found


def _failed_or_no_better(history: History, axis: Axis, place: int, trials: list[Trial]) -> bool:
    """Whether all its trials failed (which another check tells), or they are not better than the others', all else equal."""
    own = np.array([axis.place(trial.config) == place for trial in trials])
    if not own.any():
        return False
    counted = [i for i, trial in enumerate(trials) if best_score(trial) is not None]
    own = own[counted]
    if not own.any():
        return True
    model = response(history, [trials[i] for i in counted])
    others = [term for term in model.terms if term.parameter.name != axis.name]
    if own.all() or len(own) < 2 + sum(term.columns.shape[1] for term in others) + 5:
        return False
    columns = np.hstack(
        [own[:, None].astype(np.float64), np.ones((len(own), 1)), *(t.columns for t in others)]
    )
    inverse = np.linalg.pinv(columns.T @ columns)
    effect = inverse @ columns.T @ model.scores
    freedom = len(own) - int(np.linalg.matrix_rank(columns))
    error = math.sqrt(inverse[0, 0] * float(np.sum((model.scores - columns @ effect) ** 2)) / freedom)
    return not bool(effect[0] < 0 and stats.t.cdf(effect[0], freedom, scale=max(error, 1e-12)) <= BETTER)


def _shares(history: History, axis: Axis) -> list[float]:
    """The share of the space that each choice has among the configs in which the parameter is active."""
    space = history.problem.space
    branches = sum(parameter.name == axis.name for parameter in space.parameters)
    if not space.constraints and branches == 1:
        return [1 / len(axis.choices)] * len(axis.choices)
    rng = np.random.default_rng(0)
    drawn = [axis.place(space.sample(rng)) for _ in range(SAMPLED)]
    placed = np.array([place for place in drawn if place is not None], dtype=np.intp)
    counts = np.bincount(placed, minlength=len(axis.choices))
    return [float(share) for share in counts / max(1, len(placed))]
