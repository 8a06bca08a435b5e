"""Parameters that do nothing: searching them costs trials and gains none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import optimize, stats

from search.analysis.checks.base import Finding, cannot_tell, passed
from search.analysis.checks.response import Response, Term, clipped, response
from search.analysis.numbers import percent
from search.analysis.ranking import ranked
from search.history import History

__all__ = ["idle"]

NEEDED, PER_COLUMN = 30, 3  # trials in all, and for each column of the model
MISSED = 0.05  # one-sided
PROVEN = 0.01  # p with which it does something, however little
NO_NOISE = 1e6  # F ratio of a value that is computed, not measured
LITTLE = 0.05  # share of the variance of the values: no more than it with 95 % confidence


def idle(history: History) -> list[Finding]:
    """Warns of each parameter that explains at most 5 % of how values differ (95 % confidence).

    It must not be proven (p <= 0.01) to do something either. What is tested is everything of it in the model (`response`):
    slope, bend and its products with the other numbers. The upper limit of its share comes from the noncentral F
    distribution (Steiger 2004), times the variance of even sampling over what the parameter had: one that the method
    has settled looks as if it did nothing.
    """
    trials = ranked(history)
    if len(trials) < NEEDED:
        return [
            cannot_tell(
                "idle", f"{len(trials)} trials have a value; {NEEDED} are needed to call a parameter idle."
            )
        ]
    model = response(history, trials, clipped)
    if not model.terms or float(np.var(model.scores)) == 0:
        return [cannot_tell("idle", "The values or the parameters do not differ between trials.")]
    if any(term.number and term.columns.shape[1] == 1 and len(set(term.at)) > 2 for term in model.terms):
        # without its square a number whose best value lies in the middle looks as if it did nothing
        said = f"{len(trials)} trials are too few to judge {len(model.terms)} parameters by."
        return [cannot_tell("idle", said)]
    shares = {term.parameter.name: _share(model, term) for term in model.terms}
    found = [
        _warning(name, len(trials), each)
        for name, each in shares.items()
        if each.upper <= LITTLE and each.p > PROVEN
    ]
    if found:
        return found
    unsure = [name for name, each in shares.items() if each.p > PROVEN]
    evidence = {name: asdict(each) for name, each in shares.items()}
    if unsure:
        said = f"{len(trials)} trials cannot tell whether {_listed(unsure)} does anything."
        return [cannot_tell("idle", said, shares=evidence)]
    return [passed("idle", "Every parameter that was in all trials makes a difference.", shares=evidence)]


@dataclass(frozen=True)
class _Share:
    """What a parameter explains of the variance: free of bias, its upper 95 % limit, p of the F test that it is none."""

    share: float
    upper: float
    p: float


def _share(model: Response, term: Term) -> _Share:
    others = model.design(without=term)
    block = np.hstack([term.columns, *_products(model.terms, term)])
    full = np.hstack([others, block])
    used = int(np.linalg.matrix_rank(full))
    added = used - int(np.linalg.matrix_rank(others))
    freedom = len(model.scores) - used
    if added == 0 or freedom < max(10, PER_COLUMN * added):
        return _Share(0.0, 1.0, 1.0)
    total = float(np.sum((model.scores - model.scores.mean()) ** 2))
    rest = model.residual(full)
    gained = max(0.0, model.residual(others) - rest)
    variance = max(rest / freedom, 1e-12 * total)
    ratio = gained / added / variance
    upper = _noncentrality(ratio, added, freedom) * variance / total / _evenness(term)
    p = float(stats.f.sf(ratio, added, freedom))
    return _Share(max(0.0, gained - added * variance) / total, min(1.0, upper), p)


def _evenness(term: Term) -> float:
    """The variance of the parameter in the sample over that of even sampling, at most 1."""
    if term.number:
        size = term.parameter.domain.size or math.inf
        return min(1.0, float(np.var(term.at)) * 12 / (1 - 1 / size**2))
    chosen = np.unique(term.at, return_counts=True)[1] / len(term.at)
    return min(1.0, float(1 - np.sum(chosen**2)) / (1 - 1 / float(term.parameter.domain.size or 1)))


def _products(terms: Sequence[Term], term: Term) -> list[np.ndarray[Any, np.dtype[np.float64]]]:
    """The parameter with each other number: what it does only where another has a certain value."""
    return [
        term.columns[:, :1] * (other.at - other.at.mean())[:, None]
        for other in terms
        if other is not term and other.number and term.number
    ]


def _noncentrality(ratio: float, added: int, freedom: int) -> float:
    """The largest noncentrality with which an F this small comes in 5 % of samples."""

    def excess(noncentrality: float) -> float:
        return float(stats.ncf.cdf(ratio, added, freedom, noncentrality)) - MISSED

    if ratio <= 0 or float(stats.f.cdf(ratio, added, freedom)) <= MISSED:
        return 0.0
    if ratio > NO_NOISE:  # beyond it scipy's distribution is NaN, and the F says all
        return ratio * added
    high = 10.0 + 4 * ratio * added
    while excess(high) > 0:
        high *= 2
    return float(optimize.brentq(excess, 1e-9, high))


def _warning(name: str, trials: int, each: _Share) -> Finding:
    return Finding(
        "idle",
        "warn",
        f"{name} does nothing to speak of: it explains {percent(each.share)} of how {trials} trials differ, at most "
        f"{percent(each.upper)} with 95 % confidence.",
        about=name,
        evidence={**asdict(each), "trials": trials},
        next=f"Hold {name} still at the winner's value and search one dimension less.",
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
