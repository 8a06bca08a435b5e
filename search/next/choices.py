"""Which choices of a parameter are surely worse than the winner's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from search.analysis.checks.response import response
from search.history import History
from search.trial import Trial
from spaces import Categorical, Parameter

__all__ = ["Worse", "worse_choices"]

FEWEST = 8  # trials of a choice, and others, that have a value
GOOD = 0.25  # share of the trials that are good: a choice that is to be dropped has none of them
ALPHA = 0.01  # one-sided, over the choices (Bonferroni), with the other parameters accounted for


@dataclass(frozen=True)
class Worse:
    """A choice with `trials` trials, none of the best `good` of all; `p` that it is no worse than the winner's."""

    choice: object
    trials: int
    good: int
    p: float


def worse_choices(history: History, trials: list[Trial], parameter: Parameter) -> list[Worse]:
    """Choices of a categorical parameter, in their order, that are clearly worse; never the winner's.

    Two things must hold. None of the choice's trials, eight at least, is among the best quarter; and its effect on the
    value against the winner's choice, with the other parameters accounted for (`response`), is worse with
    p <= 0.01 over the choices: what a method tried early, with all else still poor, is not accused for that.
    """
    domain = parameter.domain
    if not isinstance(domain, Categorical) or any(parameter.name not in trial.config for trial in trials):
        return []
    places = np.array([domain.index(trial.config[parameter.name]) for trial in trials], dtype=np.intp)
    good = math.ceil(GOOD * len(trials))
    best = int(places[0])
    model = response(history, trials)
    others = [term for term in model.terms if term.parameter.name != parameter.name]
    found = []
    for place, choice in enumerate(domain.choices):
        own = int(np.sum(places == place))
        if place == best or own < FEWEST or np.any(places[:good] == place):
            continue
        rest = [p for p in sorted(set(places.tolist())) if p not in (place, best)]
        columns = np.hstack(
            [
                (places == place)[:, None].astype(np.float64),
                np.ones((len(trials), 1)),
                *((places == p)[:, None].astype(np.float64) for p in rest),
                *(term.columns for term in others),
            ]
        )
        p = _worse(columns, model.scores) * (len(domain.choices) - 1)
        if p <= ALPHA:
            found.append(Worse(choice, own, good, p))
    return found


def _worse(columns: np.ndarray, scores: np.ndarray) -> float:
    """One-sided p that the first column does not raise the score (t test of least squares)."""
    freedom = len(scores) - int(np.linalg.matrix_rank(columns))
    if freedom < FEWEST:
        return 1.0
    inverse = np.linalg.pinv(columns.T @ columns)
    effect = inverse @ columns.T @ scores
    error = math.sqrt(max(0.0, inverse[0, 0]) * float(np.sum((scores - columns @ effect) ** 2)) / freedom)
    return float(stats.t.sf(effect[0], freedom, scale=max(error, 1e-12)))
