"""The lead of the winner against luck: known by repeats, or only its smaller part, the wobble."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.scripted import scripted
from search.analysis.checks.gap import gap

KINDS = {"kind": {"values": ["a", "b", "c"]}}
X = {"x": {"min": 0.0, "max": 1.0}}


def repeated(means: dict[str, float], each: int = 5, goal: str = "minimize") -> list:
    rng, sign = np.random.default_rng(0), 1 if goal == "minimize" else -1
    told = [
        ({"kind": kind}, sign * float(mean + 0.01 * rng.standard_normal()))
        for kind, mean in means.items()
        for _ in range(each)
    ]
    return gap(scripted(KINDS, told, goal=goal))


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_repeats_tell_a_lead_from_luck(goal: str) -> None:
    (finding,) = repeated({"a": 0.0, "b": 0.1, "c": 0.2}, goal=goal)
    assert finding.verdict == "pass"
    assert finding.evidence["lead"] == pytest.approx(0.1, abs=0.02)
    assert finding.evidence["seed_deviation"] == pytest.approx(0.01, rel=0.6)
    assert finding.evidence["freedom"] == 12


def test_configs_that_repeats_cannot_tell_apart_warn() -> None:
    (finding,) = repeated({"a": 0.0, "b": 0.0, "c": 0.2})
    assert finding.verdict == "warn"
    assert len(finding.evidence["close"]) == 1
    assert "confirm" in finding.next


def curves(spread: float, wobble: float) -> list:
    rng = np.random.default_rng(0)
    told = [
        ({"x": i / 20}, list(spread * i + np.exp(-np.arange(12.0)) + wobble * rng.standard_normal(12)))
        for i in range(20)
    ]
    return gap(scripted(X, told))


def test_a_lead_within_the_wobble_warns() -> None:
    (finding,) = curves(spread=0.001, wobble=0.1)
    assert finding.verdict == "warn"
    assert finding.says.startswith("Every config ran once")
    assert finding.evidence["wobble"] == pytest.approx(0.1, rel=0.5)


def test_a_lead_beyond_the_wobble_cannot_be_judged_without_repeats() -> None:
    (finding,) = curves(spread=1.0, wobble=0.01)
    assert finding.verdict == "cannot tell"
    assert "another seed" in finding.says


def test_values_of_one_step() -> None:
    assert gap(scripted(X, [({"x": i / 9}, float(i)) for i in range(9)]))[0].verdict == "cannot tell"
    assert gap(scripted(X, [({"x": i / 9}, float(i // 2)) for i in range(9)]))[0].verdict == "warn"


def test_nothing_to_compare() -> None:
    assert gap(scripted(X, []))[0].verdict == "cannot tell"
    assert gap(scripted(X, [({"x": 0.5}, 1.0)] * 6))[0].verdict == "cannot tell"
