"""Trials that had not arrived when their steps ran out ask for more of them."""

from __future__ import annotations

from contracts.traced import learning, traced, verdicts
from search.analysis.checks.still_improving import still_improving
from search.problem import Objective


def slow(number: int, step: int) -> dict[str, float]:
    return learning(number, step, speed=1.5)


def test_more_steps_are_proposed() -> None:
    (found,) = still_improving(traced(slow))
    assert verdicts([found]) == ["warn"]
    assert found.about == "t00000"
    assert found.evidence["improving"] == found.evidence["top"] == 10
    assert "54 for 27" in found.next


def test_a_metric_that_is_maximised_is_read_the_other_way() -> None:
    objective = Objective("val/accuracy", "maximize")
    assert verdicts(still_improving(traced(slow, objective=objective))) == ["warn"]
    assert verdicts(still_improving(traced(learning, objective=objective))) == ["pass"]


def test_curves_that_level_off_pass() -> None:
    assert verdicts(still_improving(traced(learning))) == ["pass"]


def test_a_trial_that_ended_itself_wanted_no_more() -> None:
    assert verdicts(still_improving(traced(slow, steps=60, ends=27))) == ["pass"]


def test_a_trial_that_was_stopped_is_not_the_best_at_full_length() -> None:
    (found,) = still_improving(traced(slow, trials=20, scheduler="asha"))
    assert found.evidence["top"] < 10


def test_too_few_steps_to_tell() -> None:
    assert verdicts(still_improving(traced(slow, steps=5))) == ["cannot tell"]
    assert still_improving(traced(slow, steps=1)) == []
