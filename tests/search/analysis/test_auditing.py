"""What an audit cost stands by itself: in the savings, the spending, the verdict, the plan, and what a terminal shows."""

from __future__ import annotations

from dataclasses import replace

from contracts.playing import play, problem_of
from contracts.runners import begin, chaos
from contracts.schedulers import curves
from search.analysis import audit, savings, spending, verdict
from search.analysis.auditing import audit_steps, stopped_by_scheduler
from search.history import History
from search.problem import Budget
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.schedulers import make_scheduler
from search.views.verdict import verdict as closing_lines
from trainables.plug import resolve

STEPS = 27


def history_of(share: float) -> History:
    problem = problem_of(STEPS, audit=share, seed=5)
    return play(problem, make_scheduler("asha", problem), curves(60))[0].history


def test_the_steps_after_the_stop_are_the_audits() -> None:
    history, without = history_of(0.3), history_of(0.0)
    found = audit(history)
    assert found["trials"] == found["whole"] == len(history.audited) > 3
    assert found["steps"] == sum(STEPS - step for step in history.audited.values())
    assert history.steps_total == without.steps_total + found["steps"]
    assert found["share_of_steps"] == found["steps"] / history.steps_total
    assert audit_steps(history) == {number: STEPS - step for number, step in history.audited.items()}
    assert (
        stopped_by_scheduler(history).keys() == stopped_by_scheduler(without).keys() - history.audited.keys()
    )
    assert audit(without) == {
        "share": 0.0, "trials": 0, "whole": 0, "steps": 0, "share_of_steps": 0.0, "ahead": [],
    }  # fmt: skip


def test_those_ahead_are_ahead_of_all_that_were_let_through() -> None:
    for share in (0.3, 1.0):
        history = history_of(share)
        best = min(
            t.best.score
            for t in history.trials
            if t.number not in history.audited and t.best is not None and t.best.score is not None
        )
        ahead = audit(history)["ahead"]
        assert ahead == [
            t.id
            for t in sorted(history.trials, key=lambda t: t.best.score if t.best and t.best.score else 0.0)
            if t.number in history.audited and t.best is not None and t.best.score < best  # type: ignore[operator]
        ]


def test_savings_keep_the_audited_apart() -> None:
    history, without = history_of(0.3), savings(history_of(0.0))
    found = savings(history)
    assert found["audited"] == len(history.audited)
    assert found["audit_steps"] == audit(history)["steps"]
    assert found["stopped"] + found["audited"] == without["stopped"]
    assert found["saved_steps"] + found["audit_steps"] == without["saved_steps"]
    assert (without["audited"], without["audit_steps"]) == (0, 0)
    assert sum(rung["audited"] for rung in found["rungs"]) == found["audited"]
    for one, other in zip(found["rungs"], without["rungs"], strict=True):
        assert one["stopped"] + one["audited"] == other["stopped"]
        assert (one["entered"], one["went_on"]) == (other["entered"], other["went_on"])


def test_an_audited_trial_that_a_budget_ended_was_not_stopped_by_the_scheduler() -> None:
    sweep = begin(replace(chaos(max_steps=9, budget=Budget(trials=60, steps=100)), audit=1.0), "asha")
    SimulatedRunner().run(sweep, Work(plug=resolve("chaos"), workers=4))
    history = sweep.history
    cut = [n for n in history.audited if history.trials[n].state == "stopped"]
    assert cut
    assert not stopped_by_scheduler(history).keys() & set(cut)
    assert savings(history)["by_other_means"] >= len(cut)


def test_spending_and_verdict_name_it() -> None:
    history = history_of(0.3)
    found = audit(history)
    assert spending(history)["audit"] == {"trials": found["trials"], "steps": found["steps"]}
    assert spending(history_of(0.0))["audit"] is None
    told = verdict(history, "run", "finished")
    assert any(
        f"{found['trials']} trials that early stopping had stopped ran on for the audit, {found['steps']} steps"
        in line
        for line in told["sentences"]
    )
    assert not any("audit" in line for line in verdict(history_of(0.0), "run", "finished")["sentences"])
    lines = [line.plain for line in closing_lines(history, None, [])]
    assert f"  audit   {found['trials']} stopped trials ran on: {found['steps']} steps of these" in lines


def test_a_winner_that_was_stopped_is_a_caution() -> None:
    problem = problem_of(9, audit=1.0)
    lines = [[0.1] * 9, [0.5, 0.05, *[0.01] * 7]]
    history = play(problem, make_scheduler("asha", problem), lines)[0].history
    told = verdict(history, "run", "finished")
    assert told["winner"]["trial"] == "t00001"
    assert "Early stopping had stopped t00001 at step 1" in told["cautions"][0]
