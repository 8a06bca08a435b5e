"""Parameters that do nothing: searching them costs trials and gains none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import optimize, stats

from search.analysis.checks.base import Finding, cannot_tell, passed
from search.analysis.checks.response import Response, Term, response
from search.analysis.numbers import percent
from search.analysis.ranking import ranked
from search.history import History

__all__ = ["idle"]

NEEDED, PER_COLUMN = 30, 3  # trials in all, and for each column of the model
LITTLE = 0.05  # share of the variance of the order of values: no more than it with 95 % confidence
MIXED = 0.15  # least s.d. of the places on the unit interval; even sampling has 0.29


def idle(history: History) -> list[Finding]:
    """Warns of each parameter that explains at most 5 % of how values rank, with 95 % confidence.

    What is tested is everything of the parameter in the model (`response`): slope, bend and its products with the other
    numbers. The upper limit of its share comes from the noncentral F distribution (Steiger 2004). A parameter sampled too narrowly
    is not judged: one that the method has settled looks as if it did nothing.
    """
    trials = ranked(history)
    if len(trials) < NEEDED:
        return [
            cannot_tell(
                "idle", f"{len(trials)} trials have a value; {NEEDED} are needed to call a parameter idle."
            )
        ]
    model = response(history, trials)
    if not model.terms or float(np.var(model.scores)) == 0:
        return [cannot_tell("idle", "The values or the parameters do not differ between trials.")]
    shares = {term.parameter.name: _share(model, term) for term in model.terms}
    found = [
        _warning(model, term, *shares[term.parameter.name]) for term in model.terms if _nothing(term, shares)
    ]
    if found:
        return found
    unsure = [name for name, (share, upper) in shares.items() if share <= LITTLE < upper]
    evidence = {name: {"share": share, "upper": upper} for name, (share, upper) in shares.items()}
    if unsure:
        said = f"{len(trials)} trials cannot tell whether {_listed(unsure)} does anything."
        return [cannot_tell("idle", said, shares=evidence)]
    return [passed("idle", "Every parameter that was in all trials makes a difference.", shares=evidence)]


def _nothing(term: Term, shares: dict[str, tuple[float, float]]) -> bool:
    _, upper = shares[term.parameter.name]
    return upper <= LITTLE and (not term.number or float(np.std(term.at)) >= MIXED)


def _share(model: Response, term: Term) -> tuple[float, float]:
    """The share of the variance that the term explains, free of bias, and its upper 95 % limit."""
    others = model.design(without=term)
    block = np.hstack([term.columns, *_products(model.terms, term)])
    full = np.hstack([others, block])
    used = int(np.linalg.matrix_rank(full))
    added = used - int(np.linalg.matrix_rank(others))
    freedom = len(model.scores) - used
    if added == 0 or freedom < max(10, PER_COLUMN * added):
        return 0.0, 1.0
    total = float(np.sum((model.scores - model.scores.mean()) ** 2))
    rest = model.residual(full)
    gained = max(0.0, model.residual(others) - rest)
    variance = max(rest / freedom, 1e-12 * total)
    ratio = gained / added / variance
    upper = _noncentrality(ratio, added, freedom) * variance / total
    return max(0.0, gained - added * variance) / total, min(1.0, upper)


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
        return float(stats.ncf.cdf(ratio, added, freedom, noncentrality)) - 0.05

    if ratio <= 0 or float(stats.f.cdf(ratio, added, freedom)) <= 0.05:
        return 0.0
    high = 10.0 + 4 * ratio * added
    while excess(high) > 0:
        high *= 2
    return float(optimize.brentq(excess, 1e-9, high))


def _warning(model: Response, term: Term, share: float, upper: float) -> Finding:
    name = term.parameter.name
    return Finding(
        "idle",
        "warn",
        f"{name} does nothing to speak of: it explains {percent(share)} of how {len(model.trials)} trials rank, at most "
        f"{percent(upper)} with 95 % confidence.",
        about=name,
        evidence={"share": share, "upper": upper, "trials": len(model.trials)},
        next=f"Hold {name} still at the winner's value and search one dimension less.",
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
