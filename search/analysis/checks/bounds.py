"""Do the best trials lie at a bound? Then better ones may lie beyond it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from search.analysis.checks.base import Finding, cannot_tell, passed
from search.analysis.checks.new_bounds import spelled_leaf, widened
from search.analysis.checks.response import Term, response
from search.analysis.numbers import number, percent
from search.analysis.ranking import ranked
from search.history import History
from spaces import Float, Integer

__all__ = ["bounds"]

NEEDED = 20  # trials with a value
TOP, FEWEST = 0.1, 5  # the best: a tenth, but five at least
OUTER, NEAR = (
    0.1,
    0.25,
)  # shares of the unit interval: the outermost tenth; the half of the best lies within a quarter
ALPHA = 0.1  # over all parameters and both ends (Bonferroni)


def bounds(history: History) -> list[Finding]:
    """Warns of each bound with better values towards it: all three must hold.

    The model's value (`response`) falls outwards at the bound, p <= 0.1 after Bonferroni over parameters and ends; the
    median of the best tenth lies within a quarter of the range from it; one of the best lies in its outermost tenth.
    How many of the best would lie in the outermost tenth by chance, given what was sampled there (hypergeometric), stands
    in the evidence. Bounds that nothing lies beyond (a 0, the 1 of a share, the first whole number) are not judged.
    """
    trials = ranked(history)
    if len(trials) < NEEDED:
        return [
            cannot_tell(
                "bounds", f"{len(trials)} trials have a value; {NEEDED} are needed to judge the bounds."
            )
        ]
    model = response(history, trials)
    ends = [
        (term, end) for term in model.terms if term.number for end in (0.0, 1.0) if not _natural(term, end)
    ]
    if not ends:
        return [passed("bounds", "No searched parameter has a bound that it could go beyond.")]
    if model.freedom < 10:
        return [cannot_tell("bounds", f"{len(trials)} trials are too few for {len(model.terms)} parameters.")]
    best = max(FEWEST, math.ceil(TOP * len(trials)))
    found = []
    for term, end in ends:
        distance = np.abs(term.at - end)
        slope, p = model.slope(term, end)
        p = p if end == 1.0 else 1.0 - p
        adjusted = min(1.0, p * len(ends))
        near, sampled = int(np.sum(distance[:best] <= OUTER)), int(np.sum(distance <= OUTER))
        if adjusted <= ALPHA and near and float(np.median(distance[:best])) <= NEAR:
            chance = float(stats.hypergeom.sf(near - 1, len(trials), sampled, best))
            evidence = {
                "best": best,
                "near": near,
                "sampled_near": sampled,
                "trials": len(trials),
                "p_slope": adjusted,
                "p_chance": chance,
                "slope": slope,
            }
            found.append(_warning(history, term, end, evidence))
    return found or [
        passed("bounds", f"The best {best} of {len(trials)} trials do not crowd at any bound.", best=best)
    ]


def _warning(history: History, term: Term, end: float, evidence: dict[str, Any]) -> Finding:
    domain = term.parameter.domain
    assert isinstance(domain, Float | Integer)
    bound = domain.high if end else domain.low
    wider = widened(domain, end)
    side = "upper" if end else "lower"
    share = percent(evidence["sampled_near"] / evidence["trials"])
    return Finding(
        "bounds",
        "warn",
        f"{term.parameter.name} is best at its {side} bound {number(bound)}: the value still improves towards it, and "
        f"{evidence['near']} of the best {evidence['best']} trials lie in the outermost tenth of its range "
        f"({share} of all do).",
        about=term.parameter.name,
        evidence={"end": side, "bound": bound, "new": wider.high if end else wider.low, **evidence},
        next=f"Search beyond it: {spelled_leaf(term.parameter, wider)}",
        picture=_picture(term, evidence["best"]),
    )


def _picture(term: Term, best: int) -> dict[str, Any]:
    """How many of the best lie in each tenth of the range."""
    domain = term.parameter.domain
    counts = np.histogram(term.at[:best], np.linspace(0, 1, 11))[0]
    labels = [number(float(domain.from_unit((i + 0.5) / 10)), 2) for i in range(10)]
    return {"kind": "bars", "labels": labels, "values": [int(c) for c in counts], "limit": None}


def _natural(term: Term, end: float) -> bool:
    domain = term.parameter.domain
    assert isinstance(domain, Float | Integer)
    if end == 0.0:
        return domain.low == 0 or (isinstance(domain, Integer) and domain.low == 1)
    return isinstance(domain, Float) and domain.high == 1.0 and domain.low >= 0
