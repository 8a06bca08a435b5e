"""Ranks at the rungs against final ranks; nothing is claimed of stopped trials where only survivors were seen."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.traced import traced, verdicts
from search.analysis.checks.rung_ranks import rung_ranks
from search.history import History
from search.problem import Budget, FailurePolicy, Objective, Problem
from spaces import parse_parameters

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


def audited(curve, every: int, trials: int = 60) -> History:  # type: ignore[no-untyped-def]
    """A sweep with one rung, where the best third goes on; each `every`-th that should be stopped runs on."""
    problem = Problem(
        parse_parameters({"x": {"min": 0.0, "max": 1.0}}), LOSS, STEPS, Budget(trials=trials), FailurePolicy()
    )
    history = History.from_records([{"type": "sweep", "problem": problem.to_json()}])
    arrived: list[float] = []
    condemned = 0
    for number in range(trials):
        at = {"trial": number, "now": float(number)}
        history.apply({"type": "ask", **at, "config": {"x": 0.5}, "seed": number, "origin": "searcher"})
        outcome = "completed"
        for step in range(1, STEPS + 1):
            history.apply({"type": "result", **at, "step": step, "metrics": curve(number, step)})
            if step != RUNG:
                continue
            arrived.append(curve(number, step)["loss"])
            stop = sorted(arrived).index(arrived[-1]) >= max(1, len(arrived) // 3)
            condemned += stop
            runs_on = not stop or condemned % every == 0
            told = {"outcome": None if runs_on else "stopped", "reason": "", "rung": RUNG, "scheduler": stop}
            history.apply({"type": "decision", **at, "step": step, **told, "failure": None})
            if not runs_on:
                outcome = "stopped"
                break
        history.apply({"type": "close", **at, "outcome": outcome})
    return history


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


def test_audited_trials_clear_a_sound_rung() -> None:
    (found,) = rung_ranks(audited(ranked_early, every=4))
    assert verdicts([found]) == ["pass"]
    assert found.evidence["audited"] >= 8
    assert found.evidence["fair"]
    assert found.evidence["chance"]["mean"] < 0.2


def test_an_audited_trial_that_ended_ahead_is_proof() -> None:
    (found,) = rung_ranks(audited(reversed_early, every=4))
    assert verdicts([found]) == ["warn"]
    assert found.evidence["chance"]["mean"] == 1.0
    assert found.evidence["rungs"][0]["interval"][1] < 0.3
    assert "early_terminate" in found.next or "Begin to stop later" in found.next


def test_too_few_audited_trials_do_not_tell() -> None:
    (found,) = rung_ranks(audited(ranked_early, every=20))
    assert 0 < found.evidence["audited"] < 4
    assert verdicts([found]) == ["cannot tell"]


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
