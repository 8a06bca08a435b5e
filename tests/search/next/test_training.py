"""Steps and early stopping follow the curves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contracts.followed import followed, trained
from search import Sweep
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
    values = trained(lambda c: (c["x"] - 0.5) ** 2 - 3 * c["y"], 27, speed=0.2, luck=0.001)
    keys = file(27, parameters=wide) | {"method": "tpe"}
    proposal = followed(keys, values, 60).next()
    assert proposal.keys()["max_steps"] == 27
    assert proposal.keys()["early_terminate"] == {"type": "asha", "min_iter": 3}
    assert "rung_ranks" in checks(proposal)


MISLEADING = """
import math
import random

def train(config, seed):
    rng = random.Random(seed)
    for step in range(1, 28):
        slow = 4 * math.exp(-(0.15 + 0.6 * config["x"]) * step)
        yield {"loss": config["x"] + slow + 0.01 * rng.gauss(0, 1)}
"""


@pytest.mark.parametrize("method", ["random", "tpe"])
def test_stopping_that_misleads_begins_later_or_ends(method: str, tmp_path: Path) -> None:
    """The slower a training, the better it ends: at the first rung the best look the worst, and the audit sees it."""
    (tmp_path / "train.py").write_text(MISLEADING)
    run = Sweep(
        trainable="train.py:train",
        metric="loss",
        parameters={"x": {"min": 0.0, "max": 1.0}},
        method=method,
        early_terminate={"type": "asha", "min_iter": 1},
        max_steps=27,
        run_cap=60,
        audit=0.3,
        runner="inline",
    ).run()
    proposal = run.next()
    assert "rung_ranks" in checks(proposal)
    new = proposal.keys()["early_terminate"]
    assert new == "none" or new["min_iter"] > 1
    assert "ended ahead of all that went on" in " ".join(proposal.text().replace("#", "").split())
