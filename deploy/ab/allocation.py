"""Whether the arms got the shares of the traffic that they should have: where not, nothing else can be believed."""

from __future__ import annotations

import math

__all__ = ["SUSPECT", "mismatch"]

SUSPECT = 0.001
"""p below which the allocation counts as broken (Fabijan et al. 2019, "Diagnosing Sample Ratio Mismatch")."""


def mismatch(control: int, treatment: int, ratio: float = 1.0, *, sequential: bool = False) -> float:
    """p of the planned allocation.

    Args:
        control, treatment: rows of each arm.
        ratio: rows of the treatment per row of the control that were planned, positive.
        sequential: whether it may be looked at repeatedly: then 1 / Bayes factor against an evenly spread share (Lindon and
            Malek 2022, "Anytime-valid inference for multinomial count data"), valid at every look; else the exact
            binomial test, or chi-squared beyond 10,000 rows.
    """
    from scipy.special import betaln
    from scipy.stats import binomtest, chisquare

    rows, share = control + treatment, ratio / (1 + ratio)
    if not rows:
        return 1.0
    if sequential:
        chance = treatment * math.log(share) + control * math.log1p(-share)
        against = float(betaln(1 + treatment, 1 + control)) - chance
        return min(1.0, math.exp(-max(against, 0.0)))
    if rows <= 10_000:
        return float(binomtest(treatment, rows, share).pvalue)
    return float(chisquare([control, treatment], [rows * (1 - share), rows * share]).pvalue)
