"""What an earlier run teaches: its trials inside the new space, as far as they ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from contracts.followed import followed
from contracts.runners import begin, chaos
from search.history import Record
from search.outcomes import OutcomeConstraint
from search.problem import Objective, Problem, Repeats
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.searchers.priors import priors_of, retold
from search.trial import Outcome
from spaces import parse_parameters
from trainables.plug import resolve

KEYS = {"max_steps": 4, "parameters": {"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}}}


def falling(config: Mapping[str, Any], rng: np.random.Generator) -> list[float]:
    return [config["x"] + 1 / step for step in range(1, 5)]


def test_trials_outside_the_space_are_left_out() -> None:
    run = followed(KEYS, falling, 30)
    half = parse_parameters({"x": {"min": 0.0, "max": 0.5}, "y": {"min": 0.0, "max": 1.0}})
    kept = list(priors_of(run.history, replace(run.history.problem, space=half)))
    assert 5 < len(kept) < 25
    assert all(each.config["x"] <= 0.5 and each.number is None for each in kept)


def test_a_trial_that_was_paused_is_one_prior_as_it_stood_in_the_end() -> None:
    sweep = begin(chaos(max_steps=9, trials=9), "asha", options={"promote": True})
    SimulatedRunner().run(sweep, Work(plug=resolve("chaos")))
    history = sweep.history
    assert len(history.observations) > len(history.trials)  # some went on after they had been told of
    priors = list(priors_of(history, history.problem))
    assert sorted((each.config["x"], len(each.curve)) for each in priors) == sorted(
        (trial.config["x"], trial.steps) for trial in history.trials
    )


def test_a_parameter_that_is_ignored_keeps_nobody_out() -> None:
    run = followed(KEYS, falling, 10)
    held = replace(run.history.problem, space=parse_parameters({"x": {"min": 0.0, "max": 1.0}, "y": 0.25}))
    gone = replace(run.history.problem, space=parse_parameters({"x": {"min": 0.0, "max": 1.0}}))
    assert list(priors_of(run.history, held)) == []
    assert [each.config["y"] for each in priors_of(run.history, held, ["y"])] == [0.25] * 10
    assert [set(each.config) for each in priors_of(run.history, gone, ["y"])] == [{"x"}] * 10
    unheard = list(priors_of(run.history, run.history.problem, ["y"]))
    assert [each.config for each in unheard] == [trial.config for trial in run.history.trials], (
        "y is searched"
    )


def test_a_longer_trial_counts_with_what_it_had_reached() -> None:
    run = followed(KEYS, falling, 5)
    for seen in priors_of(run.history, replace(run.history.problem, max_steps=2)):
        assert seen.score == seen.config["x"] + 0.5
        assert [step for step, _ in seen.curve] == [1, 2]
        assert seen.outcome is Outcome.COMPLETED
    assert [each.score for each in priors_of(run.history, replace(run.history.problem, max_steps=9))] == [
        trial.best.score for trial in run.history.trials if trial.best
    ]


def test_what_was_better_while_it_was_infeasible_is_not_told() -> None:
    run = followed(KEYS, falling, 1)
    (seen,) = run.history.observations
    run.history.observations[0] = replace(seen, score=9.0)  # what was lower on its curve broke a constraint
    (told,) = priors_of(run.history, replace(run.history.problem, max_steps=2))
    assert told.score == 9.0


def over_folds(problem: Problem, times: int) -> Problem:
    """The same, where each step is a whole training."""
    return replace(
        problem,
        objective=replace(problem.objective, counts="last"),
        max_steps=times,
        repeats=Repeats("folds", times, problem.max_steps),
    )


def test_epochs_are_no_folds() -> None:
    run = followed(KEYS, falling, 5)
    for seen in priors_of(run.history, over_folds(run.history.problem, 2)):
        assert seen.score == seen.config["x"] + 0.25  # after its last epoch, not after its second
        assert (seen.curve, seen.outcome) == ((), Outcome.COMPLETED)


def test_folds_are_no_epochs() -> None:
    plain = followed(KEYS, falling, 1).history.problem
    said: list[Record] = [{"type": "sweep", "problem": over_folds(plain, 3).to_json()}]
    for number, (values, outcome) in enumerate([((1.0, 3.0, 2.0), "completed"), ((0.1,), "stopped")]):
        config = {"x": 0.5, "y": 0.5}
        said.append(
            {"type": "ask", "trial": number, "config": config, "seed": 1, "origin": "given", "now": 0.0}
        )
        for step, value in enumerate(values, start=1):
            said.append(
                {"type": "result", "trial": number, "step": step, "metrics": {"loss": value}, "now": 0.0}
            )
        said.append({"type": "close", "trial": number, "outcome": outcome, "now": 0.0})
    (seen,) = priors_of(retold(said, plain), plain)
    assert (seen.score, seen.curve) == (2.0, ()), "the mean of all folds, not of the luckiest"


def test_what_a_run_had_learned_under_another_bound_is_not_handed_on() -> None:
    problem = replace(
        followed(KEYS, falling, 1).history.problem,
        objective=Objective("loss"),
        outcome_constraints=(OutcomeConstraint("size", "<=", 100.0),),
    )
    said: list[Record] = [
        {"type": "sweep", "problem": problem.to_json()},
        {
            "type": "prior",
            "config": {"x": 0.5, "y": 0.5},
            "score": 1.0,
            "outcome": "completed",
            "curve": [],
            "excess": [-0.1],  # a size of 90
        },
    ]
    tighter = replace(problem, outcome_constraints=(OutcomeConstraint("size", "<=", 50.0),))
    assert list(priors_of(retold(said, tighter), tighter)) == []
    assert len(list(priors_of(retold(said, problem), problem))) == 1
