"""Waves that come back at one period in most curves are found; noise, red or white, has none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from contracts.traced import learning, traced, verdicts
from search.analysis.checks.periodic import _wave, periodic
from search.analysis.checks.traces import Trace


def waves(number: int, step: int) -> dict[str, float]:
    metrics = learning(number, step)
    return metrics | {"val/loss": metrics["val/loss"] + 0.03 * math.sin(2 * math.pi * step / 5 + number)}


def test_a_shared_period_is_told() -> None:
    (found,) = periodic(traced(waves, steps=50))
    assert verdicts([found]) == ["warn"]
    assert found.evidence["period"] == pytest.approx(5, rel=0.1)


def test_a_learning_rate_that_cycles_explains_it() -> None:
    def cycled(number: int, step: int) -> dict[str, float]:
        return waves(number, step) | {"lr": 0.1 + 0.05 * math.sin(2 * math.pi * step / 5)}

    (found,) = periodic(traced(cycled, steps=50))
    assert verdicts([found]) == ["pass"]
    assert "learning rate" in found.says


def test_periods_of_their_own_are_chance() -> None:
    def apart(number: int, step: int) -> dict[str, float]:
        wave = 0.03 * math.sin(2 * math.pi * step / (2.5 + 1.3 * number))
        return {"val/loss": learning(number, step)["val/loss"] + wave}

    assert verdicts(periodic(traced(apart, steps=80))) == ["pass"]


def test_sound_curves_and_exact_ones_pass() -> None:
    assert verdicts(periodic(traced(learning, steps=50))) == ["pass"]
    assert verdicts(periodic(traced(lambda n, s: {"val/loss": 1.0}, steps=50))) == ["pass"]


def test_the_level_holds_on_white_noise() -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(1.0, 61.0)
    p = np.array([_wave(Trace(steps, rng.standard_normal(60)))[0] for _ in range(2000)])
    for level in (0.01, 0.05):
        assert abs((p < level).mean() - level) < 3.5 * math.sqrt(level * (1 - level) / 2000)


def test_too_few_values() -> None:
    assert verdicts(periodic(traced(waves, steps=20))) == ["cannot tell"]
    assert periodic(traced(waves, steps=1)) == []
