"""Bounds move where the evidence is, on the parameter's own scale, and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from contracts.followed import followed, trained
from search.next import Proposal
from search.next.limits import limited
from spaces import Float, Integer
from trainables import resolve
from trainables.options import Rule

LR = {"min": 1e-5, "max": 1e-1, "distribution": "log_uniform_values"}
FILE: dict[str, Any] = {
    "max_steps": 6,
    "run_cap": 60,
    "parameters": {"lr": LR, "width": {"min": 16, "max": 256}},
}


def place(config: Mapping[str, Any]) -> tuple[float, float]:
    return (math.log10(config["lr"]) + 5) / 4, (config["width"] - 16) / 240


def at(lr: float, width: float = 0.5) -> Any:
    """A bowl with its bottom at these places of the unit interval."""
    return trained(lambda config: (place(config)[0] - lr) ** 2 + 0.3 * (place(config)[1] - width) ** 2)


def said(proposal: Proposal, check: str) -> list[str]:
    return [change.comment for change in proposal.changes if change.check == check]


def test_a_bound_with_the_best_at_it_moves_out_on_its_own_scale() -> None:
    proposal = followed(FILE, at(1.2)).next()
    keys = proposal.keys()
    assert keys["parameters"]["lr"]["max"] == 2.0
    assert keys["parameters"]["lr"]["distribution"] == "log_uniform_values", "in the user's own words"
    assert keys["parameters"]["width"]["max"] <= 256
    (why,) = said(proposal, "bounds")
    assert why.startswith("max 0.1 -> 2: the value still improves towards it; ")
    assert f"# {why[:40]}" in proposal.text()


def test_a_sound_range_stays() -> None:
    run = followed(FILE, at(0.5), 30)
    assert run.next().changes == ()


@pytest.mark.parametrize(
    ("name", "domain", "end", "new", "bound"),
    [
        ("model.dropout", Float(0.1, 0.9), 1.0, 1.2, 0.95),  # never 1 or more
        ("momentum", Float(0.5, 0.99), 1.0, 1.2, 0.99),  # rounds to where it is: see below
        ("subsample", Float(0.3, 0.9), 1.0, 1.1, 1.0),
        ("gain", Float(0.1, 0.9), 1.0, 1.2, 1.2),  # nothing is known of it
        ("width", Integer(8, 64, step=8), 0.0, 0.0, None),
        ("depth", Integer(2, 8), 0.0, 0.0, 1.0),
        ("shift", Float(-5.0, -1.0), 1.0, 0.3, 0.0),
        ("shift", Float(-5.0, 1.0), 0.0, -7.0, -7.0),
        ("noise", Float(0.2, 0.8), 0.0, -0.1, 0.0),
        ("width", Integer(16, 256, step=16), 1.0, 336.0, 336.0),
        ("width", Integer(16, 256, step=16), 1.0, 330.0, 320.0),
    ],
)
def test_no_bound_goes_where_nothing_lies(
    name: str, domain: Float | Integer, end: float, new: float, bound: float | None
) -> None:
    if name == "momentum":
        found = limited(name, domain, end, new)
        assert found is None or domain.high < found < 1
    else:
        assert limited(name, domain, end, new) == bound


def test_a_bound_obeys_the_rule_of_its_option_before_its_name() -> None:
    rules = resolve("mlp").declaration().rules
    assert limited("schedule_factor", Float(0.1, 0.9), 1.0, 1.2, rules["schedule_factor"]) == 1.0
    assert limited("ema", Float(0.1, 0.9), 1.0, 1.2, rules["ema"]) == 0.95  # never 1
    assert limited("lr", Float(0.01, 0.1, log=True), 1.0, 0.5, rules["lr"]) == 0.5
    assert limited("dropout", Float(0.1, 3.0), 1.0, 5.0, Rule(low=0.0)) == 5.0


def test_a_region_that_fails_is_left_out_at_its_threshold() -> None:
    def values(config: Mapping[str, Any], rng: Any) -> Any:
        return None if config["width"] > 180 else at(0.5, 0.3)(config, rng)

    proposal = followed(FILE | {"failure": {"stop_after": None}}, values).next()
    bound = proposal.keys()["parameters"]["width"]["max"]
    assert 150 < bound <= 190
    (why,) = said(proposal, "infeasible")
    assert "failed, elsewhere 0 of" in why
    assert proposal.fit < proposal.of
    assert f"{proposal.of - proposal.fit} of its {proposal.of} trials lie outside the new space" in " ".join(
        proposal.text().replace("#", "").split()
    )


def test_a_region_that_holds_some_of_the_best_stays_though_trials_fail_in_it() -> None:
    def values(config: Mapping[str, Any], rng: Any) -> Any:
        fails = config["width"] > 180 and rng.random() < 0.7
        return None if fails else at(0.5, 0.9)(config, rng)

    proposal = followed(FILE | {"failure": {"stop_after": None}}, values).next()
    assert said(proposal, "infeasible") == []


def test_the_bound_beside_which_training_diverges_is_kept() -> None:
    def values(config: Mapping[str, Any], rng: Any) -> Any:
        if config["lr"] > 10**-1.8 and rng.random() < 0.9:
            return [math.nan]
        return at(0.85)(config, rng)

    proposal = followed(FILE | {"failure": {"stop_after": None}}, values, 90).next()
    assert all(change.path != ("parameters", "lr") or "max" not in change.says for change in proposal.changes)
    if proposal.changes:
        assert proposal.keys()["parameters"]["lr"]["max"] == 0.1


def test_what_was_tried_enough_and_held_nothing_good_is_cut_off_with_a_margin() -> None:
    proposal = followed(FILE, at(0.3, 0.3), 150).next()
    keys = proposal.keys()["parameters"]
    assert 0.3 * 240 + 16 < keys["width"]["max"] < 256 or 10**-3.8 < keys["lr"]["max"] < 0.1
    assert all("is among the best 38 of 150" in why for why in said(proposal, "narrow"))


def test_too_few_trials_narrow_nothing() -> None:
    assert said(followed(FILE, at(0.3, 0.3), 38).next(), "narrow") == []


def test_a_parameter_that_is_there_to_be_compared_keeps_its_range() -> None:
    compared = {**FILE["parameters"], "lr": {**LR, "role": "scientific"}}
    proposal = followed(FILE | {"parameters": compared}, at(1.2), 60).next()
    assert not any(change.path == ("parameters", "lr") for change in proposal.changes)


def test_a_nested_parameter_is_changed_where_it_stands() -> None:
    nested = {"parameters": {"opt": {"lr": LR}, "width": {"min": 16, "max": 256}}}
    values = trained(lambda c: (place({"lr": c["opt.lr"], "width": c["width"]})[0] - 1.2) ** 2)
    proposal = followed(FILE | nested, values).next()
    assert proposal.keys()["parameters"]["opt"]["lr"]["max"] == 2.0
