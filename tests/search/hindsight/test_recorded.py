"""What a record keeps of a run, and where its curves break off."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.runners import begin, chaos
from search.errors import SettingsError
from search.hindsight import Record
from search.history import History
from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome
from spaces import parse_parameters
from trainables.plug import resolve


def told(curves: list[list[float]], *, cut: tuple[int, ...] = (), failed: tuple[int, ...] = ()) -> History:
    """A sweep of three steps, one trial after the other; step k of a trial takes k seconds."""
    problem = Problem(
        parse_parameters({"x": {"min": 0.0, "max": 1.0}}),
        Objective("loss"),
        3,
        Budget(trials=len(curves)),
        FailurePolicy(stop_after=None),
    )
    sweep = PassiveSweep.begin(
        problem, make_searcher("random", problem), make_scheduler("none", problem), MemoryJournal()
    )
    now = 0.0
    for trial, curve in zip(sweep.ask(len(curves), now), curves, strict=True):
        sweep.start(trial.number, now, node="here", pid=1)
        for step, value in enumerate(curve, start=1):
            now += step
            sweep.report(trial.number, step, {"loss": value}, now)
        if trial.number in failed:
            sweep.close(trial.number, Outcome.FAILED, now, failure=Failure("raised", "ValueError: no"))
        else:
            sweep.close(trial.number, Outcome.STOPPED if trial.number in cut else Outcome.COMPLETED, now)
    sweep.end("done", now)
    return sweep.history


WHOLE = [[5.0, 4.0, 3.0], [5.0, 3.0, 2.0], [4.0, 4.0, 4.0], [6.0, 1.0, 7.0]]


def test_a_curve_comes_back_as_it_was_with_what_each_step_took() -> None:
    record = Record.from_history(told(WHOLE))
    assert [row.end for row in record.trials] == ["whole"] * 4
    assert list(record.trials[3].train(3)) == [
        {"loss": 6.0, "seconds": 1.0},
        {"loss": 1.0, "seconds": 2.0},
        {"loss": 7.0, "seconds": 3.0},
    ]
    assert record.scores == [1.0, 2.0, 3.0, 4.0]
    assert (record.best, record.good, record.median) == (1.0, 1.0, 3.0)
    assert record.regret(1.0) == 0.0
    assert record.regret(3.0) == 1.0


def test_a_curve_that_was_cut_is_held_at_its_last_value_and_mean_cost() -> None:
    record = Record.from_history(told([*WHOLE, [9.0, 8.0]], cut=(4,)))
    assert record.trials[4].end == "cut"
    assert list(record.trials[4].train(3))[2] == {"loss": 8.0, "seconds": 1.5}


def test_a_failed_trial_fails_again_where_it_failed() -> None:
    record = Record.from_history(told([*WHOLE, [0.5]], failed=(4,)))
    curve = record.trials[4].train(3)
    assert next(curve)["loss"] == 0.5
    with pytest.raises(RuntimeError, match="ValueError: no"):
        next(curve)
    assert record.best == 1.0  # what failed wins nothing


def test_a_trial_that_never_came_to_a_step_is_left_out() -> None:
    record = Record.from_history(told([*WHOLE, []], cut=(4,)))
    assert (len(record.trials), record.left_out) == (4, 1)


def test_too_few_configs_are_refused_with_the_way_on() -> None:
    with pytest.raises(SettingsError, match=r"3 configs .* tuneyard resume RUN --add-trials 20"):
        Record.from_history(told(WHOLE[:3]))


def test_several_objectives_are_refused() -> None:
    history: Any = told(WHOLE)
    object.__setattr__(history.problem, "secondary", (Objective("size", counts="last"),))
    with pytest.raises(SettingsError, match="loss, size"):
        Record.from_history(history)


def test_copies_of_a_population_are_no_curves_of_their_configs() -> None:
    """Not even those that failed in their first own step, which look like configs that fail at once."""
    options = {"size": 8, "interval": 2, "quantile": 0.5}
    sweep = begin(chaos(max_steps=9, trials=30, mode="raise", at=3, below=0.5), "population", options=options)
    SimulatedRunner().run(sweep, Work(plug=resolve("chaos")))
    copies = [trial for trial in sweep.history.trials if trial.parent is not None]
    assert any(trial.state == "failed" and not trial.results for trial in copies)
    record = Record.from_history(sweep.history)
    assert record.left_out == len(copies)
