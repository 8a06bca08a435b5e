"""A bounded memory for models whose proposals cost more with every observation."""

from __future__ import annotations

from collections.abc import Sequence

from search.history import Observation

__all__ = ["window"]


def window(observations: Sequence[Observation], size: int) -> list[Observation]:
    """At most `size` observations, in their order: the best half of that, and the newest of the others."""
    if len(observations) <= size:
        return list(observations)
    ranked = sorted(range(len(observations)), key=lambda index: observations[index].score)
    kept = set(ranked[: size // 2])
    for index in range(len(observations) - 1, -1, -1):
        if len(kept) == size:
            break
        kept.add(index)
    return [observations[index] for index in sorted(kept)]
