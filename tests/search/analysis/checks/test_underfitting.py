"""High and close losses that still fall, or top trials at the upper bound of capacity, are underfitting."""

from __future__ import annotations

import numpy as np

from contracts.traced import learning, traced, verdicts
from search.analysis.checks.underfitting import underfitting
from search.problem import Objective


def high(number: int, step: int) -> dict[str, float]:
    metrics = learning(number, step, speed=1.2)
    return metrics | {"val/loss": metrics["train/loss"] * 1.02}


def test_losses_that_are_high_close_and_falling() -> None:
    (found,) = underfitting(traced(high))
    assert verdicts([found]) == ["warn"]
    assert found.about == "t00000"
    assert found.evidence["falling"]
    assert "more steps" in found.next


def test_capacity_at_its_upper_bound() -> None:
    width: dict[int, int] = {}

    def flat(number: int, step: int) -> dict[str, float]:
        level = 1.6 - width[number] / 256 if width else 0.0
        rng = np.random.default_rng([number, step])
        loss = level + 0.5 / step + 0.003 * rng.standard_normal()
        return {"train/loss": loss, "val/loss": loss * 1.01}

    parameters = {"model": {"width": {"min": 16, "max": 256, "step": 16}}}
    drawn = traced(lambda *_: {"val/loss": 1.0}, trials=60, steps=1, parameters=parameters)
    width |= {trial.number: trial.config["model.width"] for trial in drawn.trials}
    (found,) = underfitting(traced(flat, trials=60, parameters=parameters))
    assert verdicts([found]) == ["warn"]
    assert found.evidence["at_upper_bound"] == ["model.width"]
    assert not found.evidence["falling"]
    assert "model.width" in found.next


def test_sound_curves_pass_and_so_do_high_ones_that_have_arrived() -> None:
    assert verdicts(underfitting(traced(learning))) == ["pass"]

    def noisy_labels(number: int, step: int) -> dict[str, float]:
        metrics = learning(number, step, speed=30.0)
        return {name: metrics[name] + 0.8 for name in ("train/loss", "val/loss")}

    assert verdicts(underfitting(traced(noisy_labels))) == ["pass"]


def test_a_perfect_share_leaves_nothing_to_gain() -> None:
    history = traced(
        lambda number, step: high(number, step) | {"val/accuracy": min(1.0, step / 20)},
        objective=Objective("val/accuracy", "maximize"),
    )
    assert verdicts(underfitting(history)) == ["pass"]


def test_what_cannot_be_judged() -> None:
    assert verdicts(underfitting(traced(lambda n, s: {"val/loss": 1 / s}))) == ["cannot tell"]
    assert verdicts(underfitting(traced(high, steps=5))) == ["cannot tell"]
    below = traced(lambda n, s: {"train/loss": -s, "val/loss": -s})
    assert verdicts(underfitting(below)) == ["cannot tell"]
    assert underfitting(traced(high, steps=1)) == []
