"""Where a range must not go: by the rule of its option, or else by what its parameter's name commonly means."""

from __future__ import annotations

import math
import re

from spaces import Float, Integer
from trainables.options import Rule

__all__ = ["limited"]

# One of these words in the last part of a name (words end at . _ -): a share, 1 excluded or included.
_BELOW_ONE = frozenset(
    [
        "dropout",
        "dropconnect",
        "droprate",
        "momentum",
        "dampening",
        "beta",
        "beta1",
        "beta2",
        "rho",
        "smoothing",
    ]  # of labels, say
)
_UP_TO_ONE = frozenset(
    [
        "subsample",
        "colsample",
        "bytree",
        "bylevel",
        "bynode",
        "fraction",
        "ratio",
        "share",
        "prob",
        "probability",
        "quantile",
        "p",
    ]
)
_MARGIN = 0.5  # of the way to an excluded limit


def limited(
    name: str, domain: Float | Integer, end: float, new: float, rule: Rule | None = None
) -> float | None:
    """`new`, the proposed upper (`end` 1) or lower (0) bound, or the last one before a limit; None: it cannot move.

    No bound reaches or crosses zero where the domain was on one side of it (a linear range of floats may reach it).
    A whole number stays at 1 or more. Shares stay within [0, 1], or below 1, if all of the domain was there; where there is a `rule`, it says that in place of the name.
    """
    low, high = float(domain.low), float(domain.high)
    least, most = -math.inf, math.inf
    if low > 0:
        least = 1.0 if isinstance(domain, Integer) else 0.0
    elif low == 0:
        least = 0.0
    if high < 0:
        most = 0.0
    if rule is not None:
        least = max(least, -math.inf if rule.low is None else rule.low)
        most = min(most, math.inf if rule.high is None else rule.high)
        if rule.below is not None:
            most = min(most, _before(high, rule.below))
    elif low >= 0 and high <= 1 and isinstance(domain, Float):
        words = set(re.split(r"[._-]", name.rsplit(".", 1)[-1].lower()))
        if words & _BELOW_ONE and high < 1:
            most = min(most, _before(high, 1.0))
        elif words & _UP_TO_ONE:
            most = min(most, 1.0)
    bound = min(max(new, least), most)
    bound = _on_the_lattice(domain, end, bound)
    if domain.log and bound <= 0:
        return None
    return bound if (bound > high if end else bound < low) else None


def _before(high: float, limit: float) -> float:
    """A bound between `high` and a limit that it may not reach."""
    return float(f"{high + (limit - high) * _MARGIN:.2g}")


def _on_the_lattice(domain: Float | Integer, end: float, bound: float) -> float:
    """The last value of a stepped domain that is not beyond `bound`."""
    if domain.step is None:
        return bound
    step, old = float(domain.step), float(domain.high if end else domain.low)
    steps = math.floor(abs(bound - old) / step + 1e-9)
    if domain.log and not end:  # a logarithmic lattice stays above half a step
        while steps > 0 and old - steps * step <= 0.5 * step:
            steps -= 1
    return float(f"{old + steps * step if end else old - steps * step:.12g}")
