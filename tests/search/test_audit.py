"""Who is audited, and how an audited trial fares: budgets, failures and late results included."""

from __future__ import annotations

import math

import pytest

from contracts.playing import Counting, play, problem_of
from search.audit import is_audited
from search.history import History
from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Problem
from search.schedulers import make_scheduler
from search.seeds import audit_draw
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome

GOOD, BAD = [0.1] * 9, [0.5, 0.05, *[0.01] * 7]


def sweep_of(**more: object) -> PassiveSweep:
    """A good trial has ended, and a bad one stands before the first rung; all that are stopped are audited."""
    problem = problem_of(9, audit=1.0, **more)
    sweep = PassiveSweep.begin(problem, Counting(), make_scheduler("asha", problem), MemoryJournal())
    for trial in sweep.ask(2, 0.0):
        sweep.start(trial.number, 0.0, node="a", pid=1)
    for step, value in enumerate(GOOD, start=1):
        sweep.report(0, step, {"loss": value}, float(step))
    sweep.close(0, Outcome.COMPLETED, 9.0)
    return sweep


def test_the_draw_is_even_and_a_larger_share_keeps_those_of_a_smaller_one() -> None:
    draws = [audit_draw(3, number) for number in range(4000)]
    assert all(0 <= draw < 1 for draw in draws)
    assert sum(draw < 0.05 for draw in draws) == pytest.approx(200, abs=3.5 * math.sqrt(190))
    few, many = problem_of(9, audit=0.05, seed=3), problem_of(9, audit=0.2, seed=3)
    assert {n for n in range(500) if is_audited(few, n)} < {n for n in range(500) if is_audited(many, n)}
    assert not any(is_audited(problem_of(9), n) for n in range(500))
    assert {n for n in range(500) if is_audited(few, n)} != {
        n for n in range(500) if is_audited(problem_of(9, audit=0.05, seed=4), n)
    }


def test_a_share_beyond_its_bounds_is_refused() -> None:
    for share in (-0.1, 1.5, math.nan):
        with pytest.raises(ValueError, match="audit must lie between 0 and 1"):
            problem_of(9, audit=share)


def test_the_header_names_it_only_where_there_is_one() -> None:
    assert "audit" not in problem_of(9).to_json()
    audited = problem_of(9, audit=0.05)
    assert Problem.from_json(audited.to_json()) == audited
    assert Problem.from_json(problem_of(9).to_json()).audit == 0.0


def test_the_decision_says_that_it_runs_on() -> None:
    sweep = sweep_of()
    decision = sweep.report(1, 1, {"loss": BAD[0]}, 10.0)
    assert decision.outcome is None
    record = sweep.history.decisions[-1]
    assert (record["audit"], record["scheduler"], record["outcome"], record["rung"]) == (True, True, None, 1)
    assert record["reason"] == "rung 1: 0.5 is 2nd of 2, the best goes on; it runs on, for the audit"
    assert "audit" not in sweep.history.decisions[0]


def test_nobody_who_decides_or_proposes_learns_how_it_went_on() -> None:
    sweep = sweep_of()
    history = sweep.history
    for step, value in enumerate(BAD, start=1):
        sweep.report(1, step, {"loss": value}, 10.0 + step)
        assert [(o.number, o.score, o.outcome, o.curve) for o in history.observations[1:]] == [
            (1, 0.5, Outcome.STOPPED, ((1, 0.5),))
        ]
        assert history.pending == []
    sweep.close(1, Outcome.COMPLETED, 20.0)
    assert len(history.observations) == 2
    assert history.events == [("ask", 0), ("ask", 1), ("close", 0), ("close", 1)]
    assert [history.scores_at(step) for step in (1, 2, 9)] == [[(0, 0.1), (1, 0.5)], [(0, 0.1)], [(0, 0.1)]]
    assert history.best is history.trials[1]
    assert history.trials[1].best is not None
    assert history.trials[1].best.score == 0.01


@pytest.mark.parametrize(
    ("budget", "said"), [(Budget(steps=12), "step budget"), (Budget(seconds=12.5), "time budget")]
)
def test_a_spent_budget_ends_it(budget: Budget, said: str) -> None:
    sweep = sweep_of(budget=budget)
    answers = [sweep.report(1, step, {"loss": BAD[step - 1]}, 10.0 + step) for step in (1, 2, 3)]
    assert [answer.outcome for answer in answers] == [None, None, Outcome.STOPPED]
    assert said in answers[-1].reason
    assert sweep.history.decisions[-1]["scheduler"] is False


def test_where_the_budget_is_spent_already_the_stop_stands() -> None:
    sweep = sweep_of(budget=Budget(steps=10))
    decision = sweep.report(1, 1, {"loss": BAD[0]}, 11.0)
    assert decision.outcome is Outcome.STOPPED
    assert sweep.history.audited == {}
    again = PassiveSweep.resume(
        sweep._journal.records,  # type: ignore[attr-defined]
        Counting(),
        make_scheduler("asha", sweep.problem),
        MemoryJournal(),
    )
    assert again.history.audited == {}
    assert again.history.trials[1].state == "stopped"


def test_one_that_fails_fails_and_is_not_observed_again() -> None:
    sweep = sweep_of(failure=FailurePolicy(stop_after=1))
    sweep.report(1, 1, {"loss": BAD[0]}, 10.0)
    assert sweep.report(1, 2, {"loss": math.nan}, 11.0).outcome is Outcome.FAILED
    sweep.close(1, Outcome.FAILED, 11.0, "nan", Failure("bad metric", "loss is nan"))
    assert len(sweep.history.observations) == 2
    assert sweep.history.failed_total == 1
    assert sweep.spent(12.0) == "1 trials failed"
    assert sweep.history.best is sweep.history.trials[0]


def test_one_that_reaches_the_target_ends_the_sweep() -> None:
    problem = problem_of(9, audit=1.0)
    target = Problem.from_json({**problem.to_json(), "objective": {"metric": "loss", "target": 0.02}})
    sweep, _ = play(target, make_scheduler("asha", target), [GOOD, BAD])
    assert "target loss = 0.02 reached" in sweep.history.trials[1].reason
    assert sweep.history.best is sweep.history.trials[1]


def test_an_old_journal_tells_of_no_audit() -> None:
    problem = problem_of(9)
    sweep, records = play(problem, make_scheduler("asha", problem), [GOOD, BAD])
    assert not any("audit" in record for record in records)
    assert History.from_records(records).audited == sweep.history.audited == {}


def test_tensorboard_says_why_a_stopped_trial_has_a_whole_curve() -> None:
    from search.views.tensorboard import _outcome_text

    sweep = sweep_of()
    for step, value in enumerate(BAD, start=1):
        sweep.report(1, step, {"loss": value}, 10.0 + step)
    sweep.close(1, Outcome.COMPLETED, 20.0, "all 9 steps")
    text = _outcome_text(sweep.history.trials[1], sweep.history.audited[1])
    assert text.startswith("completed after 9 steps")
    assert "audited: the scheduler stopped it at step 1, and it ran on" in text
    assert "audited" not in _outcome_text(sweep.history.trials[0], sweep.history.audited.get(0))
