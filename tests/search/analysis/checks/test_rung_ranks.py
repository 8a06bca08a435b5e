"""Ranks at the rungs against final ranks; nothing is claimed of stopped trials where only survivors were seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contracts.runners import begin, chaos
from contracts.traced import traced, verdicts
from search.analysis.checks.rung_ranks import rung_ranks
from search.history import History
from search.problem import Objective
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from trainables.plug import resolve

STEPS, RUNG = 9, 3
LOSS = Objective("loss")


def ranked_early(number: int, step: int) -> dict[str, float]:
    """The order at every step is that of the end, but for a little noise."""
    rng = np.random.default_rng([number, step])
    end = np.random.default_rng(number).random()
    return {"loss": end + 1 / step + 0.01 * rng.standard_normal()}


def reversed_early(number: int, step: int) -> dict[str, float]:
    """What ends well starts worst."""
    end = ranked_early(number, STEPS)["loss"]
    done = (step - 1) / (STEPS - 1)
    return {"loss": 3 - 2 * done + (2 * done - 1) * end}


def audited(curve, share: float, trials: int = 60, scheduler: str = "asha") -> History:  # type: ignore[no-untyped-def]
    return traced(curve, trials=trials, steps=STEPS, objective=LOSS, scheduler=scheduler, audit=share)


def test_survivors_alone_do_not_tell() -> None:
    for scheduler in ("asha", "median"):
        (found,) = rung_ranks(
            traced(ranked_early, trials=40, steps=STEPS, objective=LOSS, scheduler=scheduler)
        )
        assert verdicts([found]) == ["cannot tell"]
        assert found.evidence["chance"] is None
        assert found.evidence["stopped"] > 0
        assert "cannot be told" in found.says
        assert "those only that were let through" in found.says


def test_where_nothing_was_stopped_the_rungs_of_asha_are_looked_at() -> None:
    (sound,) = rung_ranks(traced(ranked_early, trials=30, steps=STEPS, objective=LOSS))
    assert verdicts([sound]) == ["pass"]
    assert [row["step"] for row in sound.evidence["rungs"]] == [1, 3]
    assert all(row["tau"] > 0.9 and row["dropped"] == 0 for row in sound.evidence["rungs"])
    (crossed,) = rung_ranks(traced(reversed_early, trials=30, steps=STEPS, objective=LOSS))
    first = crossed.evidence["rungs"][0]
    assert first["tau"] < -0.9
    assert first["dropped"] == first["top"] == 3


@pytest.mark.parametrize("scheduler", ["asha", "hyperband", "median"])
def test_audited_trials_clear_a_sound_rung(scheduler: str) -> None:
    (found,) = rung_ranks(audited(ranked_early, 0.25, scheduler=scheduler))
    assert verdicts([found]) == ["pass"]
    assert found.evidence["audited"] >= 4
    assert found.evidence["fair"]
    assert found.evidence["chance"]["mean"] < 0.25
    kills = found.evidence["false_kills"]
    assert (kills["ahead"], kills["share"], kills["low"]) == (0, 0.0, 0.0)
    assert kills["stopped"] == found.evidence["stopped"] + found.evidence["audited"]
    assert "ran on for the audit, and 0 of these ended ahead" in found.says


def test_the_audit_says_nothing_of_trials_that_were_paused_and_never_went_on() -> None:
    """Nobody draws among those: in the opening of auto they wait, and are closed at the end."""
    problem = replace(chaos(max_steps=9, trials=60), audit=0.3)
    sweep = begin(problem, "auto", options={"opening": 12})
    SimulatedRunner().run(sweep, Work(plug=resolve("chaos")))
    waited = sum(trial.paused for trial in sweep.history.trials)
    (found,) = rung_ranks(sweep.history)
    assert waited > 3
    assert (
        found.evidence["false_kills"]["stopped"]
        == found.evidence["stopped"] + found.evidence["audited"] - waited
    )


@pytest.mark.parametrize(
    ("scheduler", "verdict"), [("asha", "fail"), ("hyperband", "fail"), ("median", "warn")]
)
def test_audited_trials_that_ended_ahead_are_proof(scheduler: str, verdict: str) -> None:
    (found,) = rung_ranks(audited(reversed_early, 0.25, scheduler=scheduler))
    assert verdicts([found]) == [verdict]
    assert found.evidence["chance"]["mean"] == 1.0
    assert found.evidence["chance"]["loss"] > 0
    assert (found.evidence["false_kills"]["low"] >= 0.05) == (verdict == "fail")
    assert found.evidence["false_kills"]["ahead"] == len(found.evidence["ahead"]) >= 2
    assert found.evidence["rungs"][0]["interval"][1] < 0.3
    assert f"{found.evidence['ahead'][0]} was stopped and is the best of all" in found.says
    assert "early_terminate" in found.next or "Begin to stop later" in found.next


def test_one_that_ended_ahead_among_many_is_a_warning() -> None:
    def late(number: int, step: int) -> dict[str, float]:
        plainly = ranked_early(number, step)["loss"]
        return {"loss": plainly - 5 if number == winner and step == STEPS else plainly}

    winner = -1
    winner = max(audited(late, 0.25).audited)
    (found,) = rung_ranks(audited(late, 0.25))
    assert verdicts([found]) == ["warn"]
    assert found.evidence["ahead"] == [f"t{winner:05d}"]
    assert found.evidence["chance"]["loss"] == pytest.approx(5, abs=1)


def test_too_few_audited_trials_do_not_tell() -> None:
    (found,) = rung_ranks(audited(ranked_early, 0.05, trials=30))
    assert 0 < found.evidence["audited"] < 4
    assert verdicts([found]) == ["cannot tell"]
    assert "larger audit" in found.next
    assert found.evidence["false_kills"]["high"] > 0.5


def test_where_all_were_audited_nothing_is_left_to_estimate() -> None:
    (found,) = rung_ranks(audited(ranked_early, 1.0))
    assert verdicts([found]) == ["pass"]
    assert found.evidence["stopped"] == 0
    assert found.evidence["chance"] == {"mean": 0.0, "interval": [0.0, 0.0], "loss": 0.0}
    assert found.evidence["false_kills"]["high"] == 0.0


def test_an_audited_trial_that_failed_was_seen_and_is_ahead_of_nothing() -> None:
    def breaking(number: int, step: int) -> dict[str, float]:
        return {"loss": float("nan")} if step == STEPS and number % 2 else ranked_early(number, step)

    history = audited(breaking, 0.25)
    failed = [n for n in history.audited if history.trials[n].state == "failed"]
    (found,) = rung_ranks(history)
    assert failed
    assert found.evidence["false_kills"]["audited"] == len(history.audited)
    assert found.evidence["audited"] == len(history.audited) - len(failed)


@pytest.mark.parametrize(("curve", "verdict"), [(ranked_early, "pass"), (reversed_early, "warn")])
def test_hyperband_shows_how_those_go_on_that_it_does_not_compare(curve, verdict: str) -> None:  # type: ignore[no-untyped-def]
    (found,) = rung_ranks(traced(curve, trials=60, steps=STEPS, objective=LOSS, scheduler="hyperband"))
    assert verdicts([found]) == [verdict]
    assert found.evidence["chance"] is not None


def test_a_rung_that_nobody_reached_and_single_steps() -> None:
    assert rung_ranks(traced(ranked_early, steps=1, objective=LOSS)) == []
    assert verdicts(rung_ranks(traced(ranked_early, trials=2, steps=STEPS, objective=LOSS))) == [
        "cannot tell"
    ]
