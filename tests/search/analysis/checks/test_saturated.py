"""Steps after which nothing comes are counted, and what they cost."""

from __future__ import annotations

from contracts.traced import learning, traced, verdicts
from search.analysis.checks.saturated import saturated
from search.analysis.checks.still_improving import still_improving


def quick(number: int, step: int) -> dict[str, float]:
    return learning(number, step, speed=25.0)


def test_fewer_steps_are_proposed_with_what_they_save() -> None:
    (found,) = saturated(traced(quick))
    assert verdicts([found]) == ["warn"]
    assert found.evidence["arrived"] <= 7
    proposed = found.evidence["proposed"]
    assert f"{proposed} steps" in found.next
    assert found.evidence["saves"] == (27 - proposed) / 27
    assert abs(found.evidence["best_by_then"] - found.evidence["best"]) < 0.02


def test_curves_that_use_their_steps_pass() -> None:
    assert verdicts(saturated(traced(learning))) == ["pass"]


def test_a_best_trial_that_comes_late_speaks_against_it() -> None:
    def late(number: int, step: int) -> dict[str, float]:
        metrics = quick(number, step)
        return metrics | {"val/loss": metrics["val/loss"] - 0.1 * (number == 0 and step > 20)}

    assert verdicts(saturated(traced(late))) == ["pass"]


def test_more_and_fewer_steps_are_not_asked_for_at_once() -> None:
    """Six of the top ten hardly gain anything, but to the end; four gain so much that the mean looks settled."""

    def mixed(number: int, step: int) -> dict[str, float]:
        crept = 0.3 + 0.03 * number - 0.0005 * step
        return {"val/loss": 0.02 * number + (step < 3) * 1.0} if number < 4 else {"val/loss": crept}

    history = traced(mixed)
    assert verdicts(still_improving(history)) == ["warn"]
    (found,) = saturated(history)
    assert found.verdict == "pass"
    assert "still improve at their end" in found.says


def test_what_cannot_be_judged() -> None:
    assert verdicts(saturated(traced(quick, trials=2))) == ["cannot tell"]
    assert verdicts(saturated(traced(lambda n, s: {"val/loss": 1.0}))) == ["cannot tell"]
    assert saturated(traced(quick, steps=5)) == []
