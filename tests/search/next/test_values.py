"""Parameters held still and choices dropped, with what hangs on them; never the winner's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from contracts.followed import followed, trained
from search.searchers.priors import priors_of

KINDS = {"values": ["adam", "sgd", "lion"]}
FILE: dict[str, Any] = {
    "max_steps": 6,
    "run_cap": 90,
    "parameters": {
        "x": {"min": 0.0, "max": 1.0},
        "kind": KINDS,
        "momentum": {"min": 0.5, "max": 0.9, "when": {"kind": "sgd"}},
        "decay": {"min": 0.0, "max": 0.1, "when": {"kind": ["sgd", "lion"]}},
        "nesterov": {"values": [True, False], "when": {"momentum": ">= 0.6"}},
    },
}


def bowl(config: Mapping[str, Any]) -> float:
    return float((config["x"] - 0.5) ** 2)


def test_what_does_nothing_is_held_at_the_winners_value_and_all_trials_are_learnt_from() -> None:
    keys = {
        "max_steps": 6,
        "run_cap": 90,
        "parameters": {"x": {"min": 0.0, "max": 1.0}, "idle": {"min": 0.0, "max": 1.0}},
    }
    run = followed(keys, trained(lambda c: 4 * bowl(c), luck=0.002), 90)
    proposal = run.next()
    best = run.best
    assert best is not None
    found = proposal.keys()
    assert found["parameters"]["idle"] == best.config["idle"]
    assert proposal.ignored == ("idle",)
    assert "held at the winner's" in proposal.text()
    narrowed = any(change.check == "narrow" for change in proposal.changes)
    assert proposal.fit == 90 or narrowed


def test_a_choice_that_is_clearly_worse_goes_with_its_own_parameters() -> None:
    proposal = followed(FILE, trained(lambda c: bowl(c) + (c["kind"] == "sgd")), 90).next()
    parameters = proposal.keys()["parameters"]
    assert parameters["kind"] == {"values": ["adam", "lion"]}
    assert "momentum" not in parameters
    assert "nesterov" not in parameters, "what hangs on what went goes, too"
    assert parameters["decay"]["when"] == {"kind": ["lion"]}
    assert "sgd dropped with momentum, nesterov" in proposal.text()


def test_the_last_choice_becomes_a_constant() -> None:
    proposal = followed(FILE, trained(lambda c: bowl(c) + (c["kind"] != "adam")), 120).next()
    parameters = proposal.keys()["parameters"]
    assert parameters["kind"] == "adam"
    assert set(parameters) == {"x", "kind"}


def test_a_choice_that_is_no_worse_stays() -> None:
    proposal = followed(FILE, trained(bowl), 90).next()
    assert not any(change.check == "choices" for change in proposal.changes)


def test_a_choice_that_a_constraint_speaks_of_stays_rather_than_leaving_it_dangling() -> None:
    limits = {"constraints": ["momentum <= 0.8"]}
    proposal = followed(FILE | limits, trained(lambda c: bowl(c) + (c["kind"] == "sgd")), 90).next()
    assert proposal.changes, "or nothing is written that could dangle"
    assert "momentum" in proposal.keys()["parameters"]
    assert "sgd" in proposal.keys()["parameters"]["kind"]["values"]


def test_a_choice_that_always_fails_is_dropped() -> None:
    def values(config: Mapping[str, Any], rng: np.random.Generator) -> Any:
        worse = trained(lambda c: bowl(c) + 0.1 * (c["kind"] == "sgd"))
        return None if config["kind"] == "lion" else worse(config, rng)

    proposal = followed(FILE | {"failure": {"stop_after": None}}, values, 60).next()
    assert proposal.keys()["parameters"]["kind"]["values"] == ["adam", "sgd"]
    assert "trials failed, elsewhere 0 of" in proposal.text()


def test_a_length_that_was_searched_is_no_longer_and_the_best_are_tried_first() -> None:
    parameters = {"x": {"min": 0.0, "max": 1.0}, "epochs": {"min": 5, "max": 50}}
    run = followed({"max_steps": 6, "run_cap": 40, "parameters": parameters}, trained(bowl), 40)
    proposal = run.next()
    keys = proposal.keys()
    assert keys["parameters"]["epochs"] == 50
    best = run.best
    assert best is not None
    assert proposal.fit == 0, "under another length they are other values"
    assert keys["points"][0] == {"x": best.config["x"]}


def test_a_choice_that_was_dismissed_is_tried_first() -> None:
    rng = np.random.default_rng(0)
    parameters = {"x": {"min": 0.0, "max": 1.0}, "kind": KINDS}
    configs = [
        {"x": float(rng.random()), "kind": "lion" if number in (3, 7) else str(rng.choice(["adam", "sgd"]))}
        for number in range(60)
    ]
    values = trained(lambda c: bowl(c) - 0.5 * (c["kind"] == "lion"))
    keys = {"max_steps": 6, "run_cap": 60, "parameters": parameters}
    proposal = followed(keys, values, 60, configs=configs).next()
    assert any(change.check == "effort" for change in proposal.changes)
    assert [point["kind"] for point in proposal.keys()["points"]] == ["lion"] * 3


def test_trials_outside_the_new_space_are_left_out_and_counted() -> None:
    run = followed(FILE, trained(lambda c: bowl(c) + (c["kind"] == "sgd")), 90)
    proposal = run.next()
    problem = proposal.settings().problem()
    kept = list(priors_of(run.history, problem, proposal.ignored))
    assert len(kept) == proposal.fit < proposal.of == 90
    assert all(prior.config["kind"] != "sgd" for prior in kept)
