"""The best learning rate beside the threshold of divergence."""

from __future__ import annotations

import math

import numpy as np

from contracts.scripted import scripted
from search.analysis.checks.divergence import divergence
from search.history import History

PARAMETERS = {"lr": {"min": 1e-5, "max": 1e-1, "log": True}, "y": {"min": 0.1, "max": 0.9}}


def sweep(best_at: float, threshold: float = 1e-2, trials: int = 60) -> History:
    """Values fall towards log10(lr) = `best_at`; above the threshold training diverges after a step."""
    rng, told = np.random.default_rng(2), []
    for _ in range(trials):
        lr = float(10 ** rng.uniform(-5, -1))
        loss = (math.log10(lr) - best_at) ** 2 + 0.05 * rng.standard_normal()
        config = {"lr": lr, "y": float(rng.uniform(0.1, 0.9))}
        told.append((config, [loss, math.nan if lr > threshold else loss]))
    return scripted(PARAMETERS, told)


def test_best_right_below_the_threshold_warns() -> None:
    (finding,) = divergence(sweep(-1.5))
    assert (finding.verdict, finding.about) == ("warn", "lr")
    assert "lies right beside where trials diverge: above" in finding.says
    assert 0.008 < finding.evidence["at"] < 0.013


def test_best_far_below_the_threshold_passes() -> None:
    (finding,) = divergence(sweep(-3.5))
    assert finding.verdict == "pass"
    assert finding.evidence["diverged"] > 5


def test_no_divergence_and_no_log_scale_pass() -> None:
    assert divergence(sweep(-1.5, threshold=1.0))[0].verdict == "pass"
    linear = {"x": {"min": 0.0, "max": 1.0}}
    assert "log scale" in divergence(scripted(linear, [({"x": 0.5}, 1.0)]))[0].says


def test_few_trials_with_a_value_cannot_tell() -> None:
    assert divergence(sweep(-1.5, threshold=1e-4, trials=30))[0].verdict == "cannot tell"


def test_a_crash_is_no_divergence() -> None:
    told = [({"lr": 10 ** (-5 + i / 10), "y": 0.5}, None if i > 30 else 1.0 / (i + 1)) for i in range(40)]
    assert divergence(scripted(PARAMETERS, told))[0].verdict == "pass"
