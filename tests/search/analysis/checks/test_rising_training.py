"""A training loss that rises is a bug unless the learning rate rises with it."""

from __future__ import annotations

from contracts.traced import learning, traced, verdicts
from search.analysis.checks.rising_training import rising_training


def rises(number: int, step: int) -> dict[str, float]:
    metrics = learning(number, step)
    return metrics | {"train/loss": metrics["train/loss"] + 0.05 * max(0, step - 12)}


def test_a_rise_is_told() -> None:
    (found,) = rising_training(traced(rises))
    assert verdicts([found]) == ["warn"]
    assert found.evidence["rising"] == 12
    assert "although the learning rate does not" in found.says


def test_a_learning_rate_that_rises_explains_it() -> None:
    history = traced(lambda number, step: rises(number, step) | {"lr": 0.001 * step})
    assert verdicts(rising_training(history)) == ["pass"]


def test_a_rate_that_is_not_reported_is_not_claimed() -> None:
    def unknown(number: int, step: int) -> dict[str, float]:
        metrics = rises(number, step)
        return {name: metrics[name] for name in ("train/loss", "val/loss")}

    (found,) = rising_training(traced(unknown))
    assert verdicts([found]) == ["warn"]
    assert "no learning rate" in found.says


def test_one_bad_trial_is_not_the_sweep() -> None:
    history = traced(lambda number, step: (rises if number == 7 else learning)(number, step))
    assert verdicts(rising_training(history)) == ["pass"]


def test_sound_curves_pass_and_short_ones_are_not_judged() -> None:
    assert verdicts(rising_training(traced(learning))) == ["pass"]
    assert verdicts(rising_training(traced(rises, steps=5))) == ["cannot tell"]
    assert verdicts(rising_training(traced(lambda n, s: {"val/loss": 1 / s}))) == ["cannot tell"]
    assert rising_training(traced(rises, steps=1)) == []
