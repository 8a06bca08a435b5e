"""Comparing drawn shares with what they should be, in sigmas."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from spaces import Domain, Float, Integer
from spaces.values import canonical

__all__ = ["assert_shares", "expected_shares"]


def expected_shares(domain: Domain) -> dict[str, float]:
    """The closed form, by JSON text: equal on a linear scale and among choices; on a logarithmic one the width of
    [x - 1/2, x + 1/2] in logarithms, x counted in steps."""
    values = domain.grid(1)
    if isinstance(domain, Float | Integer) and domain.log:
        xs = [float(value) / float(domain.step or 1) for value in values]
        whole = math.log((xs[-1] + 0.5) / (xs[0] - 0.5))
        return {
            canonical(v): math.log((x + 0.5) / (x - 0.5)) / whole for v, x in zip(values, xs, strict=True)
        }
    return {canonical(value): 1 / len(values) for value in values}


def assert_shares(drawn: Sequence[Any], shares: Mapping[str, float], sigmas: float = 5.0) -> None:
    """Each value was drawn as often as its share (by JSON text) says, to `sigmas` deviations, and no other was."""
    counts = Counter(map(canonical, drawn))
    if strangers := counts.keys() - shares.keys():
        pytest.fail(f"drawn, but not expected: {sorted(strangers)[:5]}")
    for text, share in shares.items():
        mean = len(drawn) * share
        off = abs(counts[text] - mean) / max(math.sqrt(mean * (1 - share)), 1e-9)
        if off > sigmas:
            pytest.fail(f"{text}: drawn {counts[text]} times, expected {mean:.1f}: {off:.1f} sigmas off")
