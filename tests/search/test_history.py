from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.journals import eventful
from contracts.playing import Counting, play, problem_of
from search.analysis.ranking import ranked
from search.history import History, Observation
from search.journal import MemoryJournal
from search.problem import Budget, Problem
from search.schedulers.none import NoStopping
from search.schedulers.promotion import Promotion
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome

NAN = math.nan


def played(*curves: list[float], goal: str = "minimize") -> History:
    problem = problem_of(3, goal)  # type: ignore[arg-type]
    return play(problem, NoStopping(problem), curves)[0].history


# -- failed trials, and what is told of them ----------------------------------------------------------------------------


def test_a_failed_trial_is_told_as_the_worst_finite_score_seen() -> None:
    history = played([1.0, 5.0, 2.0], [0.5, NAN], [9.0, 9.0, 9.0])
    assert [(o.number, o.score, o.outcome) for o in history.observations] == [
        (0, 1.0, Outcome.COMPLETED),
        (1, 5.0, Outcome.FAILED),
        (2, 9.0, Outcome.COMPLETED),
    ]
    assert history.observations[1].curve == ((1, 0.5),)


def test_failed_trials_wait_to_be_told_until_there_is_a_finite_score() -> None:
    history = played([NAN], [NAN], [4.0, 3.0, 2.0])
    assert [(o.number, o.score) for o in history.observations] == [(0, 4.0), (1, 4.0), (2, 2.0)]


def test_when_every_trial_fails_nothing_is_told() -> None:
    history = played([NAN], [math.inf], [-math.inf])
    assert history.observations == []
    assert history.best is None
    assert history.failed_total == 3


def test_no_observation_is_ever_not_finite() -> None:
    history = played([-1e308, NAN], [NAN], [1e308, math.inf], [0.0] * 3)
    assert all(math.isfinite(o.score) for o in history.observations)


def test_the_best_of_a_failed_trial_is_not_the_best() -> None:
    history = played([0.1, NAN], [0.5, 0.4, 0.6], [0.7, 0.7, 0.7])
    assert history.best is history.trials[1]
    assert history.best.best is not None
    assert (history.best.best.step, history.best.best.score) == (2, 0.4)


# -- best, and the direction --------------------------------------------------------------------------------------------


def test_the_best_is_over_steps_not_the_last() -> None:
    history = played([3.0, 1.0, 2.0])
    trial = history.trials[0]
    assert trial.best is not None
    assert trial.last is not None
    assert (trial.best.score, trial.last.score) == (1.0, 2.0)
    assert history.observations[0].score == 1.0


def test_of_equals_the_first_is_the_best() -> None:
    history = played([2.0, 1.0, 1.0], [1.0, 1.0, 1.0])
    assert history.best is history.trials[0]
    assert history.best.best is not None
    assert history.best.best.step == 2


def test_maximising_is_flipped_once() -> None:
    history = played([0.2, 0.9, 0.5], [0.1, 0.1, 0.1], goal="maximize")
    assert history.best is history.trials[0]
    assert history.best.best is not None
    assert history.best.best.score == -0.9
    assert history.best.best.metrics == {"loss": 0.9}


# -- where the last step counts -----------------------------------------------------------------------------------------


def folded(*curves: list[float], goal: str = "minimize") -> History:
    """Played where each step adds evidence to the steps before it."""
    problem = problem_of(3, goal)  # type: ignore[arg-type]
    problem = replace(problem, objective=replace(problem.objective, counts="last"))
    return play(problem, NoStopping(problem), curves)[0].history


def test_the_last_result_counts_where_the_objective_says_so() -> None:
    history = folded([1.0, 3.0, 2.0], [5.0, 4.0, NAN])
    assert [trial.best.step for trial in history.trials if trial.best is not None] == [3, 2]
    assert [o.score for o in history.observations] == [2.0, 5.0]  # the failed one as the worst seen


def test_more_steps_go_before_a_better_value_of_fewer() -> None:
    history = folded([0.1], [2.0, 2.0, 2.0], [0.2, 0.2], [3.0, 2.5, 1.5])
    assert history.best is history.trials[3]
    assert [trial.number for trial in ranked(history)] == [3, 1, 2, 0]


def test_the_best_by_last_value_follows_a_failure_and_a_second_chance() -> None:
    problem = problem_of(3)
    problem = replace(problem, objective=replace(problem.objective, counts="last"))
    sweep = PassiveSweep.begin(problem, Counting(), NoStopping(problem), MemoryJournal())
    sweep.ask(2, 0.0)
    sweep.report(0, 1, {"loss": 1.0}, 1.0)
    sweep.report(0, 2, {"loss": 9.0}, 1.0)
    sweep.report(1, 1, {"loss": 0.5}, 1.0)
    assert sweep.history.best is sweep.history.trials[0]
    sweep.close(0, Outcome.FAILED, 2.0, "crash", Failure("raised", "crash"))
    assert sweep.history.best is sweep.history.trials[1]
    sweep.reopen(0, 3.0)
    assert sweep.history.best is sweep.history.trials[0]


def test_a_journal_without_the_key_counts_the_best() -> None:
    data = problem_of(3).to_json()
    assert "counts" not in data["objective"]
    assert Problem.from_json(data).objective.counts == "best"
    data["objective"]["counts"] = "last"
    assert Problem.from_json(data).to_json() == data


# -- failed trials run again --------------------------------------------------------------------------------------------


def reopened() -> PassiveSweep:
    """Trial 0 reached 0.1 and crashed; trial 1 completed with 0.5; then trial 0 was given another chance."""
    problem = problem_of(3)
    sweep = PassiveSweep.begin(problem, Counting(), NoStopping(problem), MemoryJournal())
    sweep.ask(2, 0.0)
    sweep.report(0, 1, {"loss": 0.1}, 1.0)
    sweep.close(0, Outcome.FAILED, 2.0, "crash", Failure("raised", "crash"))
    for step in (1, 2, 3):
        sweep.report(1, step, {"loss": 0.5}, 3.0)
    sweep.close(1, Outcome.COMPLETED, 3.0)
    assert sweep.history.best is sweep.history.trials[1]
    sweep.reopen(0, 4.0)
    return sweep


def test_a_trial_run_again_counts_with_what_it_reached_before() -> None:
    sweep = reopened()
    assert sweep.history.best is sweep.history.trials[0]
    assert sweep.history.failed_total == 0
    for step in (2, 3):
        sweep.report(0, step, {"loss": 0.9}, 5.0)
    sweep.close(0, Outcome.COMPLETED, 5.0)
    assert [(o.number, o.score, o.outcome) for o in sweep.history.observations] == [
        (0, 0.1, Outcome.FAILED),  # the worst finite score at the time
        (1, 0.5, Outcome.COMPLETED),
        (0, 0.1, Outcome.COMPLETED),
    ]


def test_a_bad_metric_is_tried_again_from_the_step_before() -> None:
    problem = problem_of(3)
    sweep = PassiveSweep.begin(problem, Counting(), NoStopping(problem), MemoryJournal())
    sweep.ask(1, 0.0)
    sweep.report(0, 1, {"loss": 1.0}, 1.0)
    decision = sweep.report(0, 2, {"loss": NAN}, 2.0)
    sweep.close(0, Outcome.FAILED, 2.0, decision.reason, decision.failure)
    sweep.reopen(0, 3.0)
    assert sweep.history.trials[0].steps == 1
    assert sweep.report(0, 2, {"loss": 0.5}, 4.0).outcome is None
    assert [r.score for r in sweep.history.trials[0].results] == [1.0, 0.5]


def test_open_trials_are_listed_by_number() -> None:
    sweep = reopened()
    (trial,) = sweep.ask(1, 4.0)
    assert [t.number for t in sweep.history.running] == [0, trial.number]


# -- priors, times, states ----------------------------------------------------------------------------------------------


def test_priors_are_observed_first_and_are_no_trials() -> None:
    prior = Observation(None, {"x": 3}, 0.25, Outcome.COMPLETED, ((1, 0.5), (2, 0.25)))
    problem = problem_of(3)
    sweep = PassiveSweep.begin(problem, Counting(), NoStopping(problem), MemoryJournal(), priors=[prior])
    assert sweep.history.observations == [prior]
    assert sweep.history.trials == []
    assert sweep.history.best is None
    assert sweep.history.scores_at(1) == []


def test_a_state_is_derived_from_what_happened() -> None:
    problem = problem_of(3)
    sweep = PassiveSweep.begin(problem, Counting(), NoStopping(problem), MemoryJournal())
    (trial,) = sweep.ask(1, 0.0)
    assert (trial.state, trial.seconds) == ("waiting", None)
    sweep.start(0, 2.0, node="a", pid=1)
    assert trial.state == "running"
    sweep.report(0, 1, {"loss": 1.0}, 5.0)
    assert trial.seconds == 3.0
    sweep.close(0, Outcome.STOPPED, 6.0)
    assert (trial.state, trial.seconds) == ("stopped", 4.0)


def test_the_time_that_a_trial_was_paused_is_not_its_own() -> None:
    """Also where a step takes no time, so that it was paused at the very second in which it began."""
    problem = problem_of(3, budget=Budget(trials=1))
    sweep = PassiveSweep.begin(problem, Counting(), Promotion(problem), MemoryJournal())
    (trial,) = sweep.ask(1, 0.0)
    sweep.start(0, 2.0, node="a", pid=1)
    assert sweep.report(0, 1, {"loss": 1.0}, 2.0).pause
    assert trial.seconds == 0.0
    assert sweep.ask(1, 9.0) == [trial]
    sweep.start(0, 10.0, node="a", pid=1, from_step=1)
    sweep.report(0, 2, {"loss": 0.5}, 13.0)
    assert trial.seconds == 3.0
    sweep.close(0, Outcome.STOPPED, 14.0)
    assert trial.seconds == 4.0


# -- against a second reading of the journal ----------------------------------------------------------------------------


@pytest.mark.parametrize("scheduler", ["none", "asha", "median"])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_total_is_what_the_records_add_up_to(scheduler: str, seed: int) -> None:
    records = eventful(seed, scheduler)
    history = History.from_records(records)
    results = [r for r in records if r["type"] == "result" and not r.get("again")]
    assert history.results_total == len(results)
    assert len(history.trials) == sum(r["type"] == "ask" for r in records)
    assert history.now == max(r["now"] for r in records)
    outcome: dict[int, str | None] = {}
    for record in records:
        if record["type"] in ("ask", "reopen"):
            outcome[record["trial"]] = None
        if record["type"] == "close":
            outcome[record["trial"]] = record["outcome"]
    assert {t.number: t.outcome for t in history.trials} == outcome
    assert history.failed_total == sum(end == "failed" for end in outcome.values())
    assert [t.number for t in history.running] == sorted(n for n, end in outcome.items() if end is None)
    flip = -1 if history.problem.objective.goal == "maximize" else 1
    arrived: dict[int, list[tuple[int, float]]] = {}
    for record in results:
        if math.isfinite(record["metrics"].get("loss", NAN)):
            arrived.setdefault(record["step"], []).append((record["trial"], flip * record["metrics"]["loss"]))
    assert {step: history.scores_at(step) for step in arrived} == arrived
    sound = [score for scores in arrived.values() for number, score in scores if outcome[number] != "failed"]
    best = history.best.best if history.best is not None else None
    assert (best.score if best is not None else None) == min(sound, default=None)
    for trial in history.trials:
        scores = [
            score for step in sorted(arrived) for number, score in arrived[step] if number == trial.number
        ]
        assert [r.score for r in trial.results if r.score is not None] == scores
        assert [r.step for r in trial.results] == list(range(1, trial.steps + 1))
    assert len(history.observed_after) == len(history.observations)
    assert history.observed_after == sorted(history.observed_after)
