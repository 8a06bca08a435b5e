"""Comparing drawn shares with what they should be, in sigmas."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from spaces import Domain, Float, Integer

__all__ = ["assert_shares", "expected_shares"]


def expected_shares(domain: Domain) -> dict[Any, float]:
    """The closed form: equal on a linear scale and among choices, log((x + 1/2) / (x - 1/2)) of the whole on a log one."""
    if isinstance(domain, Float | Integer) and domain.log:
        unit = float(domain.step or 1)
        xs = [float(value) / unit for value in domain.grid(1)]
        whole = math.log((xs[-1] + 0.5) / (xs[0] - 0.5))
        return {v: math.log((x + 0.5) / (x - 0.5)) / whole for v, x in zip(domain.grid(1), xs, strict=True)}
    return dict.fromkeys(domain.grid(1), 1 / len(domain.grid(1)))


def assert_shares(drawn: Sequence[Any], shares: Mapping[Any, float], sigmas: float = 5.0) -> None:
    """Each value was drawn as often as its share says, to `sigmas` standard deviations, and no other was."""
    counts = Counter(drawn)
    if strangers := counts.keys() - shares.keys():
        pytest.fail(f"drawn, but not in the domain: {sorted(map(repr, strangers))[:5]}")
    for value, share in shares.items():
        mean = len(drawn) * share
        off = abs(counts[value] - mean) / max(math.sqrt(mean * (1 - share)), 1e-9)
        if off > sigmas:
            pytest.fail(f"{value!r}: drawn {counts[value]} times, expected {mean:.1f}: {off:.1f} sigmas off")
