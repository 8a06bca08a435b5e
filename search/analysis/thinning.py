"""Fewer points where more would only cost bytes: which ones to keep."""

from __future__ import annotations

import numpy as np

__all__ = ["evenly", "head_and_even"]


def evenly(n: int, limit: int) -> list[int]:
    """At most `limit` of the indices 0..n-1, evenly spread, first and last included."""
    if n <= limit:
        return list(range(n))
    if limit <= 1:
        return [n - 1][:limit]
    return [int(i) for i in np.unique(np.linspace(0, n - 1, limit).round())]


def head_and_even(n: int, limit: int, head: int) -> list[int]:
    """At most `limit` of the indices 0..n-1: the first `head` of them, and an even spread over the rest."""
    if n <= limit:
        return list(range(n))
    head = min(head, limit)
    return [*range(head), *(head + i for i in evenly(n - head, limit - head))]
