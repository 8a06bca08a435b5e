"""A metric that jumps more than the top trials differ makes their order luck."""

from __future__ import annotations

import numpy as np

from contracts.traced import learning, traced, verdicts
from search.analysis.checks.late_noise import late_noise


def test_noise_above_the_differences() -> None:
    (found,) = late_noise(traced(lambda number, step: learning(number, step, noise=0.2), trials=30))
    assert verdicts([found]) == ["warn"]
    assert found.evidence["noise"] > found.evidence["spread"]
    assert "Confirm the top" in found.next


def test_noise_below_the_differences() -> None:
    (found,) = late_noise(traced(learning, trials=30))
    assert verdicts([found]) == ["pass"]
    # ten levels 0.02 apart; noise of 0.005 and half of that, added
    assert 0.04 < found.evidence["spread"] < 0.08
    assert 0.003 < found.evidence["noise"] < 0.009


def test_equals_that_differ_in_fine_detail_only_pass() -> None:
    def alike(number: int, step: int) -> dict[str, float]:
        metrics = learning(0, step, noise=0.0)
        jump = 0.002 * np.random.default_rng([number, step]).standard_normal()
        return {"val/loss": metrics["val/loss"] + jump + (0 if number < 12 else 0.1 * number)}

    assert verdicts(late_noise(traced(alike, trials=40))) == ["pass"]


def test_too_few_curves_to_compare() -> None:
    assert verdicts(late_noise(traced(learning, trials=4))) == ["cannot tell"]
    assert late_noise(traced(learning, steps=1)) == []
