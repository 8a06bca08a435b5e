"""A loss that leaps up at the start is told from one that comes down."""

from __future__ import annotations

from contracts.traced import learning, traced, verdicts
from search.analysis.checks.early_spikes import early_spikes
from search.problem import Objective


def leaps(number: int, step: int) -> dict[str, float]:
    metrics = learning(number, step)
    return metrics | {"train/loss": metrics["train/loss"] + 1.5 * (2 <= step <= 4)}


def test_leaps_of_the_training_loss() -> None:
    (found,) = early_spikes(traced(leaps))
    assert verdicts([found]) == ["warn"]
    assert found.evidence["leaping"] == 10
    assert found.picture is not None
    assert 2 <= found.picture["mark"] <= 4


def test_leaps_of_a_metric_that_is_maximised() -> None:
    def accuracy(number: int, step: int) -> dict[str, float]:
        value = learning(number, step)["val/accuracy"]
        return {"val/accuracy": value - 0.4 * (step == 3)}

    assert verdicts(early_spikes(traced(accuracy, objective=Objective("val/accuracy", "maximize")))) == [
        "warn"
    ]


def test_sound_curves_and_noise_pass() -> None:
    assert verdicts(early_spikes(traced(learning))) == ["pass"]
    assert verdicts(early_spikes(traced(lambda n, s: learning(n, s, noise=0.2)))) == ["pass"]


def test_too_few_curves() -> None:
    assert verdicts(early_spikes(traced(leaps, trials=2))) == ["cannot tell"]
    assert early_spikes(traced(leaps, steps=1)) == []
