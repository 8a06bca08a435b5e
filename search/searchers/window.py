"""A bounded memory for models whose proposals cost more with every observation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.dominance import dominance_ranks
from search.history import Observation

__all__ = ["notice", "window"]


def window(observations: Sequence[Observation], size: int) -> list[Observation]:
    """At most `size` observations, in their order: the best half of that, and the newest of the others.

    Of several objectives the best are the first fronts, and the first of what is equally good.
    """
    if len(observations) <= size:
        return list(observations)
    merit = _merit(observations)
    ranked = sorted(range(len(observations)), key=lambda index: merit[index])
    kept = set(ranked[: size // 2])
    for index in range(len(observations) - 1, -1, -1):
        if len(kept) == size:
            break
        kept.add(index)
    return [observations[index] for index in sorted(kept)]


def notice(size: int, of: str = "trials") -> str:
    """What a searcher that keeps to a window says of it. `of`: what a window holds so many of."""
    return (
        f"from now on proposals are made from a window of the history, the best and the newest {size:,} {of}: "
        f"from all of them each would take longer than the one before"
    )


def _merit(observations: Sequence[Observation]) -> list[float]:
    """What observations are ordered by, the best first."""
    if not any(each.secondary or each.excess for each in observations):
        return [each.score for each in observations]
    points = np.array([each.scores for each in observations])
    return [float(rank) for rank in dominance_ranks(points, [each.violation for each in observations])]
