"""Clipping that never lets an update through is told; clipping at the start is as it should be."""

from __future__ import annotations

import math

from contracts.traced import learning, traced, verdicts
from search.analysis.checks.clipping import clipping


def clipped(share: float, later: float | None = None):  # type: ignore[no-untyped-def]
    def curve(number: int, step: int) -> dict[str, float]:
        now = share if later is None or step < 10 else later
        return learning(number, step) | {"clipped": now, "grad_norm": 5.0}

    return curve


def test_always() -> None:
    (found,) = clipping(traced(clipped(1.0)))
    assert verdicts([found]) == ["warn"]
    assert found.about == "t00000"
    assert "about 5 here" in found.next


def test_sometimes_and_at_the_start_only() -> None:
    assert verdicts(clipping(traced(clipped(0.4)))) == ["pass"]
    assert verdicts(clipping(traced(clipped(1.0, later=0.2)))) == ["pass"]


def test_gaps_are_left_out() -> None:
    def gaps(number: int, step: int) -> dict[str, float]:
        return learning(number, step) | {"clipped": math.nan if step % 2 else 1.0}

    assert verdicts(clipping(traced(gaps))) == ["warn"]


def test_a_sweep_without_clipping_is_not_asked() -> None:
    assert clipping(traced(learning)) == []
