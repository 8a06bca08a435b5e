"""A proposal that breaks a constraint is moved to the border, not thrown away."""

from __future__ import annotations

import pytest

from contracts.searchers import problem_on
from search.history import History
from search.problem import Problem
from search.searchers.feasible import drawn_back
from spaces import Categorical, Condition, Float, Parameter, Space

SPACE = Space([Parameter("x", Float(0.0, 1.0)), Parameter("y", Float(0.0, 1.0))], ["x + y <= 1"])


def history_with(problem: Problem, *configs: dict[str, object]) -> History:
    history = History(problem)
    for number, config in enumerate(configs):
        history.apply(
            {"type": "ask", "trial": number, "config": config, "seed": 0, "origin": "searcher", "now": 0.0}
        )
    return history


def test_it_lies_at_the_border_on_the_way_to_the_nearest_trial() -> None:
    problem = problem_on(SPACE)
    history = history_with(problem, {"x": 0.0, "y": 0.0}, {"x": 0.5, "y": 0.25}, {"x": 0.9, "y": 0.9})
    config = drawn_back(problem, history, 3, {"x": 1.0, "y": 0.75}, 10)
    assert SPACE.feasible(config)
    assert config["x"] == pytest.approx(0.625, abs=1e-5)
    assert config["y"] == pytest.approx(0.375, abs=1e-5)


def test_without_a_feasible_trial_it_is_random() -> None:
    problem = problem_on(SPACE)
    history = history_with(problem, {"x": 0.9, "y": 0.9})
    config = drawn_back(problem, history, 1, {"x": 1.0, "y": 1.0}, 10)
    assert SPACE.feasible(config)
    assert config == drawn_back(problem, history, 1, {"x": 0.9, "y": 1.0}, 10)
    assert config != drawn_back(problem, history, 2, {"x": 0.9, "y": 1.0}, 10)


def test_only_trials_before_it_count() -> None:
    problem = problem_on(SPACE)
    history = history_with(problem, {"x": 0.0, "y": 0.0}, {"x": 0.5, "y": 0.5})
    wanted = {"x": 1.0, "y": 1.0}
    assert drawn_back(problem, history, 1, wanted, 10) == drawn_back(
        problem, history_with(problem, {"x": 0.0, "y": 0.0}), 1, wanted, 10
    )


def test_parameters_that_only_one_of_them_has() -> None:
    space = Space(
        [
            Parameter("c", Categorical(("a", "b"))),
            Parameter("x", Float(0.0, 1.0), when=(Condition("c", "==", "a"),)),
            Parameter("y", Float(0.0, 1.0), when=(Condition("c", "==", "b"),)),
        ],
        ["y <= 0.5"],
    )
    problem = problem_on(space)
    history = history_with(problem, {"c": "a", "x": 0.2})
    config = drawn_back(problem, history, 1, {"c": "b", "y": 0.9}, 10)
    assert space.validate(config) == config
