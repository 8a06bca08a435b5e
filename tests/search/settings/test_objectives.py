"""Several objectives and outcome constraints: what a sweep file may say of them, and what does not go with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.errors import SettingsError
from search.outcomes import OutcomeConstraint
from search.problem import Objective, Problem
from search.settings import ResolvedSettings, Settings, read_settings

PARAMETERS = "parameters: {x: {min: 0.0, max: 1.0}}\n"


def train(config):  # type: ignore[no-untyped-def]
    yield {"loss": config["x"]}


def resolved(text: str) -> ResolvedSettings:
    Path("train.py").write_text("def train(config):\n    yield {'loss': 1.0}\n")
    Path("sweep.yaml").write_text("trainable: train.py:train\nmax_steps: 3\n" + PARAMETERS + text)
    return read_settings(Path("sweep.yaml")).resolved()


def refused(text: str) -> str:
    with pytest.raises(SettingsError) as raised:
        resolved(text)
    return str(raised.value)


TWO = "metrics: [{name: val/accuracy, goal: maximize}, parameters]\n"


def test_objectives_are_read_in_order_and_count_the_last_step() -> None:
    problem = resolved(TWO + "outcome_constraints: ['size_kb <= 100', 'val/loss <= 0.5']\n").problem()
    assert problem.objectives == (
        Objective("val/accuracy", "maximize", counts="last"),
        Objective("parameters", "minimize", counts="last"),
    )
    assert [each.text for each in problem.outcome_constraints] == ["size_kb <= 100", "val/loss <= 0.5"]


def test_a_file_of_several_objectives_and_its_journal_round_trip() -> None:
    first = resolved(TWO + "method: nsga2\noutcome_constraints: '`peak memory` <= 1e6'\n")
    assert ResolvedSettings.from_dict(json.loads(json.dumps(first.to_dict()))).file == first.file
    Path("written.yaml").write_text(first.to_yaml())
    assert read_settings(Path("written.yaml")).resolved().problem() == first.problem()
    assert Problem.from_json(json.loads(json.dumps(first.problem().to_json()))) == first.problem()


def test_one_objective_may_have_outcome_constraints_and_keeps_its_best_step() -> None:
    problem = resolved("metric: loss\noutcome_constraints: kb <= 3\n").problem()
    assert problem.outcome_constraints == (OutcomeConstraint("kb", "<=", 3.0),)
    assert problem.objective.counts == "best"


def test_the_goal_that_a_trainable_declares_holds_for_each_objective() -> None:
    settings = Settings.from_python(
        "mlp",
        data="digits",
        metrics=["val/accuracy", "val/loss"],
        parameters={"lr": {"min": 0.1, "max": 1.0}},
    )
    goals = {each.metric: each.goal for each in settings.resolved().problem().objectives}
    assert goals == {"val/accuracy": "maximize", "val/loss": "minimize"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "metrics: [loss]\n",
            "sweep.yaml:4:1 metrics: names 2 or 3 objectives, got 1; for one write metric:",
        ),
        ("metrics: [a, b, c, d]\n", "names 2 or 3 objectives, got 4; beyond that nearly every trial"),
        ("metrics: [a, a]\n", "sweep.yaml:4:14 metrics[1].name: a stands here twice"),
        ("metrics: [a, {goal: maximize}]\n", "metrics[1]: name is missing"),
        ("metrics: [a, b]\nmetric: c\n", "metrics: stands beside metric"),
        (
            "metrics: [{name: a, goal: maximize, target: 0.9}, b]\n",
            "metrics[0].target: several objectives have no target, as no single trial need be best; bound it instead: "
            'outcome_constraints: ["a >= 0.9"]',
        ),
        (
            TWO + "early_terminate: median\n",
            "early_terminate: median ranks trials by one value, and would stop those that are best in another; take asha "
            "or hyperband, which rank by fronts",
        ),
        (TWO + "early_terminate: population\n", "population ranks trials by one value"),
        (
            TWO + "confirm: {top: 3}\n",
            "confirm: a confirmation tells which config is best, and of a front none is",
        ),
        (
            TWO + "method: cmaes\n",
            "method: cmaes searches for one objective; for several write method: auto or tpe or gp or nsga2",
        ),
        (TWO + "method: {name: hyperopt}\n", "hyperopt searches for one objective"),
        (
            "metric: loss\nmethod: cmaes\noutcome_constraints: ['kb <= 3']\n",
            "method: cmaes knows no outcome constraints; write method: auto or tpe or gp or nsga2",
        ),
        (
            "metric: loss\noutcome_constraints: ['kb <= 3', 'kb < 4']\n",
            "sweep.yaml:5:34 outcome_constraints[1]: compares with <= or >=, not <",
        ),
    ],
)
def test_what_does_not_go_is_refused_in_its_place_with_a_next_move(text: str, said: str) -> None:
    assert said in refused(text)


def test_ways_to_search_that_keep_their_options_refuse_it_from_python_too() -> None:
    from search.searchers import make_searcher

    problem = resolved(TWO).problem()
    with pytest.raises(
        SettingsError, match="hyperopt searches for one objective; for several write method: auto or tpe"
    ):
        make_searcher("hyperopt", problem)
