"""What Optuna gets to see of a history, and that nothing of Optuna's reaches the user's process."""

from __future__ import annotations

import logging
import math
import warnings
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from contracts.searchers import SPACES, Patient, asked, loss_of, play, problem_on
from search.history import History
from search.journal import MemoryJournal
from search.problem import Problem
from search.searchers import make_searcher
from search.searchers.optuna_study import Mirror
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome


class Onlooker(optuna.samplers.RandomSampler):
    """Draws at random, and keeps what the study held at the last draw."""

    seen: list[FrozenTrial] = []

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, Any]:
        Onlooker.seen = [each for each in study.get_trials() if each.number != trial.number]
        return {}


def looked(problem: Problem, window: int = 1000) -> Mirror:
    return Mirror(problem, lambda seed, attempt: Onlooker(seed=seed), startup=0, window=window)


def told() -> list[FrozenTrial]:
    """What a sampler takes notice of."""
    return [trial for trial in Onlooker.seen if trial.state is not TrialState.FAIL]


def begin(problem: Problem) -> PassiveSweep:
    return PassiveSweep.begin(problem, looked(problem), Patient(), MemoryJournal())


def run(sweep: PassiveSweep, number: int, *losses: float) -> None:
    for step, loss in enumerate(losses, start=1):
        sweep.report(number, step, {"loss": loss}, 0.0)


def test_each_outcome_is_told_as_what_it_is() -> None:
    sweep = begin(problem_on(SPACES["floats"]))
    sweep.ask(5, 0.0)
    run(sweep, 0, 4.0, 2.0, 3.0, 5.0)
    sweep.close(0, Outcome.COMPLETED, 0.0)
    run(sweep, 1, 9.0, 8.0)
    sweep.close(1, Outcome.STOPPED, 0.0)
    run(sweep, 2, 1.0, math.nan)
    sweep.close(2, Outcome.FAILED, 0.0, failure=Failure("bad metric", "loss is nan"))
    sweep.close(3, Outcome.FAILED, 0.0, failure=Failure("raised", "it broke"))
    sweep.ask(1, 0.0)
    completed, stopped, diverged, crashed = (trial for trial in told() if trial.state.is_finished())
    assert (completed.state, completed.value) == (TrialState.COMPLETE, 2.0)
    assert (stopped.state, stopped.intermediate_values) == (TrialState.PRUNED, {1: 9.0, 2: 8.0})
    assert (diverged.state, diverged.value) == (TrialState.COMPLETE, 9.0)
    assert (crashed.state, crashed.value) == (TrialState.COMPLETE, 9.0)
    (running,) = (trial for trial in told() if trial.state is TrialState.RUNNING)
    assert running.params == dict(sweep.history.trials[4].config)


def test_nothing_to_tell_of_a_crash_until_there_is_a_score() -> None:
    sweep = begin(problem_on(SPACES["floats"]))
    sweep.ask(2, 0.0)
    sweep.close(0, Outcome.FAILED, 0.0, failure=Failure("raised", "it broke"))
    sweep.ask(1, 0.0)
    assert [trial.state for trial in told()] == [TrialState.RUNNING]
    run(sweep, 1, 7.0)
    sweep.ask(1, 0.0)
    assert [trial.value for trial in told() if trial.state is TrialState.COMPLETE] == [7.0]


def test_of_two_ends_of_a_trial_the_newer_counts() -> None:
    sweep = begin(problem_on(SPACES["floats"]))
    sweep.ask(2, 0.0)
    run(sweep, 1, 7.0)
    sweep.close(0, Outcome.FAILED, 0.0, failure=Failure("raised", "it broke"))
    sweep.ask(1, 0.0)
    assert [trial.value for trial in told() if trial.state is TrialState.COMPLETE] == [7.0]
    sweep.reopen(0, 0.0)
    run(sweep, 0, 1.0, 1.0, 1.0, 0.5)
    sweep.close(0, Outcome.COMPLETED, 0.0)
    sweep.ask(1, 0.0)
    assert [trial.value for trial in told() if trial.state is TrialState.COMPLETE] == [0.5]


def test_the_window_keeps_the_best_and_the_newest() -> None:
    problem = problem_on(SPACES["floats"])
    sweep = PassiveSweep.begin(problem, looked(problem, window=10), Patient(), MemoryJournal())
    for number in range(60):
        sweep.ask(1, 0.0)
        run(sweep, number, *[float((number * 37) % 60)] * 4)
        sweep.close(number, Outcome.COMPLETED, 0.0)
    sweep.ask(1, 0.0)
    values = [trial.value for trial in told()]
    assert 10 <= len(values) < 20
    assert {0.0, 1.0, 2.0} <= set(values)
    assert values[-1] == (59 * 37) % 60


def test_only_active_parameters_are_told() -> None:
    space = SPACES["conditional"]
    problem = problem_on(space)
    sweep = begin(problem)
    for trial in sweep.ask(20, 0.0):
        run(sweep, trial.number, *[loss_of(trial.config)] * 4)
        sweep.close(trial.number, Outcome.COMPLETED, 0.0)
    sweep.ask(1, 0.0)
    for trial, seen in zip(sweep.history.trials[:20], told(), strict=True):
        assert sorted(seen.params) == sorted(each.key for each in space.active(trial.config))


def test_a_proposal_is_thought_over_when_something_was_learned_since() -> None:
    problem = problem_on(SPACES["floats"])
    records = play(problem, make_searcher("tpe", problem), 20, trouble=False, workers=1)
    closes = [index for index, record in enumerate(records) if record["type"] == "close"]
    history, lived = History.from_records(records[: closes[15]]), make_searcher("tpe", problem)
    early = lived.ask(history, 16)
    for record in records[closes[15] : closes[15] + 1]:
        history.apply(record)
    assert lived.ask(history, 16) == make_searcher("tpe", problem).ask(history, 16) != early


@pytest.mark.parametrize("name", ["tpe", "gp", "cmaes"])
def test_leaves_no_trace_in_the_process(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    import torch

    problem = problem_on(SPACES["mixed"])
    searcher = make_searcher(name, problem)
    level, filters = logging.getLogger("optuna").level, list(warnings.filters)
    drawn = torch.get_rng_state()
    play(problem, searcher, 14, trouble=False)
    assert (logging.getLogger("optuna").level, list(warnings.filters)) == (level, filters)
    assert torch.equal(torch.get_rng_state(), drawn)
    assert capfd.readouterr() == ("", "")


def test_cmaes_goes_on_with_its_generations() -> None:
    """Its state lives in what it noted down with its proposals: the draws close in, and a fresh one goes on from there."""
    problem = problem_on(SPACES["floats"], seed=4)
    records = play(problem, make_searcher("cmaes", problem), 90, trouble=False, workers=1)
    drawn = [float(config["x"]) for config in asked(records)]
    assert np.std(drawn[-15:]) < np.std(drawn[1:16]) / 3
    resumed = make_searcher("cmaes", problem).ask(History.from_records(records), 90)
    assert abs(float(resumed["x"]) - np.mean(drawn[-15:])) < 4 * np.std(drawn[-15:])
