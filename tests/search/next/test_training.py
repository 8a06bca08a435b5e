"""Steps and early stopping follow the curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from contracts.followed import followed, trained
from search.next import Proposal

PARAMETERS = {"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}}


def bowl(config: Mapping[str, Any]) -> float:
    return float((config["x"] - 0.5) ** 2 + (config["y"] - 0.4) ** 2)


def file(steps: int, **keys: Any) -> dict[str, Any]:
    return {"max_steps": steps, "run_cap": 40, "parameters": PARAMETERS, **keys}


def checks(proposal: Proposal) -> list[str]:
    return [change.check for change in proposal.changes]


def test_more_steps_where_the_best_still_improve_and_they_are_trained_on() -> None:
    run = followed(file(12), trained(bowl, 12, speed=0.1), 40)
    proposal = run.next()
    keys = proposal.keys()
    assert keys["max_steps"] == 24
    best = run.best
    assert best is not None
    assert keys["points"][0] == {name: best.config[name] for name in ("x", "y")}
    assert "still improve at step 12" in proposal.text()


def test_fewer_steps_where_they_had_arrived_and_more_trials_for_what_that_saves() -> None:
    proposal = followed(file(40), trained(bowl, 40, speed=1.0), 40).next()
    keys = proposal.keys()
    assert keys["max_steps"] < 20
    assert keys["run_cap"] > 20
    assert "saturated" in checks(proposal)


def test_a_constant_that_tells_a_schedule_its_length_goes_along() -> None:
    with_length = {**PARAMETERS, "epochs": 12}
    proposal = followed(file(12, parameters=with_length), trained(bowl, 12, speed=0.1), 38).next()
    keys = proposal.keys()
    assert (keys["max_steps"], keys["parameters"]["epochs"]) == (24, 24)
    assert proposal.fit == proposal.of == 38, "the length that they were told is no reason to forget them"


def test_steps_that_only_the_last_rung_says_are_changed_there() -> None:
    rule = {"type": "asha", "min_iter": 4, "max_iter": 12}
    run = followed(
        {"run_cap": 40, "parameters": PARAMETERS, "early_terminate": rule}, trained(bowl, 12, speed=0.1), 40
    )
    keys = run.next().keys()
    assert keys["early_terminate"]["max_iter"] == 24
    assert "max_steps" not in keys


def test_repeats_are_no_length_of_a_training() -> None:
    run = followed(file(40), trained(bowl, 40, speed=1.0), 40)
    counted = run.history.problem.to_json()
    counted["objective"]["counts"] = "last"
    from dataclasses import replace

    run.history.problem = replace(
        run.history.problem, objective=replace(run.history.problem.objective, counts="last")
    )
    assert "saturated" not in checks(run.next())


def test_stopping_is_taken_up_where_early_ranks_foretell_the_final_ones() -> None:
    wide = {"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 0.1}}
    values = trained(lambda c: (c["x"] - 0.5) ** 2 - 3 * c["y"], 27, speed=1.5, luck=0.001)
    keys = file(27, parameters=wide) | {"method": "tpe"}
    proposal = followed(keys, values, 60).next()
    if proposal.keys()["max_steps"] == 27:
        assert proposal.keys()["early_terminate"]["type"] == "asha"
    else:
        assert proposal.keys().get("early_terminate") is None


@pytest.mark.parametrize("method", ["random", "tpe"])
def test_stopping_that_misleads_begins_later_or_ends(method: str) -> None:
    """The slower a training, the better it ends: at the first rung the best look the worst."""

    def values(config: Mapping[str, Any], rng: np.random.Generator) -> Any:
        speed = 0.15 + 0.6 * config["x"]
        return [
            config["x"] + 4 * math.exp(-speed * step) + 0.01 * rng.standard_normal() for step in range(1, 28)
        ]

    rule = {"type": "asha", "min_iter": 1}
    run = followed(file(27, early_terminate=rule, method=method), values, 40)
    proposal = run.next()
    if "rung_ranks" in checks(proposal):
        new = proposal.keys()["early_terminate"]
        assert new == "none" or new["min_iter"] > 1
