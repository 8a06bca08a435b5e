"""A validation loss that turns while the training loss falls is named, with what the space can do about it."""

from __future__ import annotations

import math

from contracts.traced import learning, traced, verdicts
from search.analysis.checks.overfitting import overfitting
from search.problem import Objective


def overfits(number: int, step: int) -> dict[str, float]:
    metrics = learning(number, step)
    late = max(0, step - 12)
    return metrics | {
        "val/loss": metrics["val/loss"] + 0.02 * late,
        "train/loss": metrics["train/loss"] * 0.98**late,
    }


def test_the_best_and_the_typical_trial_are_named() -> None:
    best, every = overfitting(traced(overfits, parameters={"dropout": {"min": 0.0, "max": 0.5}}))
    assert verdicts([best, every]) == ["warn", "warn"]
    assert best.about == "t00000"
    assert 14 <= best.evidence["minimum_step"] <= 18  # where the fall is as fast as the rise
    assert best.picture is not None
    assert best.picture["mark"] == best.evidence["minimum_step"]
    assert len(best.picture["lines"]["train/loss"]) == len(best.picture["x"]) == 27
    assert "raise dropout" in best.next
    assert every.evidence["overfit"] == every.evidence["judged"] == 12


def test_a_space_without_a_regulariser_is_told_so() -> None:
    assert "nothing in this space does" in overfitting(traced(overfits))[0].next


def test_sound_curves_pass() -> None:
    assert verdicts(overfitting(traced(learning))) == ["pass", "pass"]


def test_a_rise_of_both_losses_is_no_overfitting() -> None:
    def both(number: int, step: int) -> dict[str, float]:
        metrics, late = learning(number, step), 0.02 * max(0, step - 12)
        return metrics | {name: metrics[name] + late for name in ("train/loss", "val/loss")}

    assert verdicts(overfitting(traced(both))) == ["pass", "pass"]


def test_one_bad_trial_among_sound_ones_does_not_make_it_typical() -> None:
    found = overfitting(traced(lambda number, step: (overfits if number == 0 else learning)(number, step)))
    by = {each.about: each.verdict for each in found}
    assert by[""] == "pass"


def test_a_loss_that_is_validated_every_third_step_is_judged_by_what_there_is() -> None:
    def sparse(number: int, step: int) -> dict[str, float]:
        metrics = overfits(number, step)
        return metrics if step % 3 == 0 else {**metrics, "val/loss": math.nan}

    found = overfitting(traced(sparse, objective=Objective("val/accuracy", "maximize")))
    assert verdicts(found) == ["warn", "warn"]


def test_without_a_pair_or_without_a_curve_nothing_is_claimed() -> None:
    def alone(number: int, step: int) -> dict[str, float]:
        return {"loss": 1 / step}

    assert verdicts(overfitting(traced(alone, objective=Objective("loss")))) == ["cannot tell"]
    assert verdicts(overfitting(traced(learning, steps=5))) == ["cannot tell"]
    assert overfitting(traced(learning, steps=1)) == []
