"""A history of several objectives, and of one under outcome constraints: what counts, what is told, what wins."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from contracts.playing import Counting, problem_of
from search.analysis import pareto
from search.analysis.ranking import ranked
from search.front import front_of
from search.history import History, Observation
from search.journal import MemoryJournal
from search.outcomes import OutcomeConstraint
from search.problem import Budget, Objective, Problem, Repeats
from search.schedulers import make_scheduler
from search.searchers.priors import priors_of, retold
from search.sweep import PassiveSweep, halted_for_good
from search.trial import Failure, Outcome

LIMIT = OutcomeConstraint.parse("kb <= 100")


def two(**more: Any) -> Problem:
    """Little loss and much gain, with a limit on the size."""
    return replace(
        problem_of(3),
        objective=Objective("loss", counts="last"),
        secondary=(Objective("gain", "maximize", counts="last"),),
        outcome_constraints=(LIMIT,),
        **more,
    )


def one(**more: Any) -> Problem:
    return replace(problem_of(3), outcome_constraints=(LIMIT,), **more)


def play(problem: Problem, *trials: list[tuple[float, ...]]) -> History:
    """Each trial reports its rows of (loss, gain, kb); one cut short ends by itself."""
    journal = MemoryJournal()
    sweep = PassiveSweep.begin(problem, Counting(), make_scheduler("none", problem), journal)
    for number, rows in enumerate(trials):
        sweep.ask(1, 0.0)
        sweep.start(number, 0.0, node="here", pid=0)
        for step, row in enumerate(rows, start=1):
            metrics = dict(zip(("loss", "gain", "kb"), row, strict=False))
            decision = sweep.report(number, step, metrics, float(step))
            if decision.outcome is not None:
                sweep.close(number, decision.outcome, float(step), decision.reason, decision.failure)
        if sweep.history.trials[number].open:
            sweep.close(number, Outcome.COMPLETED, 9.0)
    again = History.from_records(json.loads(json.dumps(journal.records, default=str)))
    assert [o.scores for o in again.observations] == [o.scores for o in sweep.history.observations]
    return sweep.history


def test_the_values_of_a_trial_are_those_of_its_last_step_together() -> None:
    history = play(two(), [(1.0, 9.0, 5.0), (2.0, 3.0, 5.0), (1.5, 4.0, 5.0)])
    trial = history.trials[0]
    assert trial.best is not None
    assert (trial.best.step, trial.best.scores) == (3, (1.5, -4.0))
    assert history.observations[0].scores == (1.5, -4.0)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((math.nan, 1.0, 1.0), "step 1: loss is nan"),
        ((1.0, math.inf, 1.0), "step 1: gain is inf"),
        ((1.0,), "step 1: gain is missing (known: loss)"),
        ((1.0, 1.0), "step 1: kb is missing (known: loss, gain)"),
        ((1.0, 1.0, -math.inf), "step 1: kb is -inf"),
    ],
)
def test_a_step_without_every_metric_that_is_asked_for_is_a_bad_metric(
    row: tuple[float, ...], said: str
) -> None:
    trial = play(two(), [row]).trials[0]
    assert trial.failure == Failure("bad metric", said)
    assert trial.best is None


def test_a_failed_trial_is_told_as_the_worst_of_everything_and_never_as_feasible_among_infeasible() -> None:
    history = play(two(), [(1.0, 5.0, 300.0)] * 3, [(4.0, 9.0, 200.0)] * 3, [(math.nan, 0.0, 0.0)])
    failed = history.observations[-1]
    assert failed.outcome is Outcome.FAILED
    assert failed.scores == (4.0, -5.0)
    assert failed.excess == (2.0,)
    assert failed.violation == 2.0


def test_what_nothing_dominates_is_on_the_front_the_infeasible_never() -> None:
    history = play(
        two(),
        [(3.0, 9.0, 1.0)] * 3,
        [(1.0, 1.0, 1.0)] * 3,
        [(3.5, 8.0, 1.0)] * 3,  # behind the first
        [(0.0, 99.0, 101.0)] * 3,  # better than all, and too large
        [(1.0, 1.0, 1.0)] * 3,  # equal to the second
        [(math.nan, 0.0, 0.0)],
    )
    assert [trial.number for trial in front_of(history)] == [1, 4, 0]
    assert history.best is history.trials[1]
    assert [trial.number for trial in ranked(history)] == [1, 4, 0, 2]


def test_a_mean_over_some_of_the_folds_is_on_no_front() -> None:
    problem = two(max_steps=3, repeats=Repeats("folds", 3, 1), budget=Budget(trials=3, steps=7))
    whole, lucky = [(1.0, 1.0, 1.0)] * 3, [(0.0, 9.0, 1.0)]
    history = play(problem, whole, whole, lucky)
    assert [trial.steps for trial in history.trials] == [3, 3, 1]
    assert history.trials[2].state == "stopped"
    assert [trial.number for trial in front_of(history)] == [0, 1]
    found = pareto(history)
    assert found is not None
    assert (found["feasible"], found["infeasible"]) == (2, 0)
    assert [row["trial"] for row in found["trials"]] == ["t00000", "t00001"]


def test_a_trial_under_way_is_on_no_front() -> None:
    problem = two()
    sweep = PassiveSweep.begin(problem, Counting(), make_scheduler("none", problem), MemoryJournal())
    sweep.ask(1, 0.0)
    sweep.report(0, 1, {"loss": 1.0, "gain": 1.0, "kb": 1.0}, 0.0)
    assert front_of(sweep.history) == []
    sweep.close(0, Outcome.STOPPED, 1.0, "budget")
    assert front_of(sweep.history) == [sweep.history.trials[0]]


def test_of_one_objective_the_best_feasible_step_counts() -> None:
    history = play(one(), [(0.1, 0.0, 500.0), (0.9, 0.0, 99.0), (0.2, 0.0, 101.0)])
    trial = history.trials[0]
    assert trial.best is not None
    assert (trial.best.step, trial.best.violation) == (2, 0.0)
    assert history.best is trial


def test_an_infeasible_trial_never_wins_nor_reaches_the_target() -> None:
    problem = one(objective=Objective("loss", target=0.5))
    history = play(problem, [(0.1, 0.0, 150.0)] * 3, [(0.9, 0.0, 100.0)] * 3)
    assert history.best is history.trials[1]
    assert halted_for_good(history) is None
    assert ranked(history) == [history.trials[1]]
    assert [each.violation for each in history.observations] == [0.5, 0.0]


def test_where_every_trial_is_infeasible_there_is_no_best() -> None:
    history = play(one(), [(0.1, 0.0, 150.0)] * 3, [(0.2, 0.0, 120.0), (0.3, 0.0, 110.0), (0.4, 0.0, 130.0)])
    assert history.best is None
    closest = history.trials[1].best
    assert closest is not None
    assert closest.step == 2


def test_a_best_that_becomes_infeasible_with_its_last_step_gives_way() -> None:
    history = play(two(), [(5.0, 1.0, 1.0)] * 3, [(1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (1.0, 1.0, 999.0)])
    assert history.best is history.trials[0]


def test_an_earlier_run_teaches_by_the_objectives_of_this_one() -> None:
    journal = MemoryJournal()
    earlier = problem_of(2)
    sweep = PassiveSweep.begin(earlier, Counting(), make_scheduler("none", earlier), journal)
    reports = [{"loss": 1.0, "gain": 2.0, "kb": 150.0}, {"loss": 2.0}, {"loss": 3.0, "gain": 4.0, "kb": 10.0}]
    for number, metrics in enumerate(reports):
        sweep.ask(1, 0.0)
        for step in (1, 2):
            sweep.report(number, step, metrics, 0.0)
        sweep.close(number, Outcome.COMPLETED, 0.0)
    problem = two()
    found = list(priors_of(retold(journal.records, problem), problem))
    assert [(each.scores, each.excess) for each in found] == [((1.0, -2.0), (0.5,)), ((3.0, -4.0), (-0.9,))]
    assert all(each.number is None for each in found)


def test_a_prior_of_several_objectives_stands_in_the_journal() -> None:
    prior = Observation(None, {"x": 3}, 1.0, Outcome.COMPLETED, ((1, 1.0),), (2.0,), (-0.5,))
    journal, problem = MemoryJournal(), two()
    PassiveSweep.begin(problem, Counting(), make_scheduler("none", problem), journal, priors=[prior])
    history = History.from_records(json.loads(json.dumps(journal.records)))
    assert history.observations == [prior]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"secondary": (Objective("loss", counts="last"),)}, "another metric"),
        (
            {"secondary": tuple(Objective(n, counts="last") for n in "abc")},
            "there may be 3 objectives, got 4",
        ),
        ({"secondary": (Objective("gain"),)}, "count the last step"),
        ({"secondary": (Objective("gain", target=1.0, counts="last"),)}, "no target"),
    ],
)
def test_objectives_that_cannot_stand_together_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(problem_of(3), objective=Objective("loss", counts="last"), **change)
