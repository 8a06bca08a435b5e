from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from contracts.space_shares import assert_shares, expected_shares
from spaces import (
    Categorical,
    Condition,
    Constant,
    Domain,
    Float,
    Integer,
    Ordinal,
    Parameter,
    Space,
    SpaceError,
)
from spaces.translate import hyperopt

library = pytest.importorskip("hyperopt")

DISCRETE = [
    Integer(1, 10, step=3),
    Integer(1, 8, log=True),
    Integer(16, 128, log=True, step=16),
    Float(0.0, 0.5, step=0.1),
    Float(0.1, 1.0, log=True, step=0.1),
    Categorical([True, 1, "a", (64, 64)]),
    Ordinal(["s", "m", "l"]),
    Integer(5, 5),
    Float(0.5, 0.5),
    Integer(-3, 3),
]


def draws(space: Space, number: int) -> list[dict[str, Any]]:
    from hyperopt.pyll.stochastic import sample

    expression, rng = hyperopt.to_hyperopt(space), np.random.default_rng(0)
    return [hyperopt.decode(space, sample(expression, rng)) for _ in range(number)]


@pytest.mark.slow
def test_random_draws_have_the_shares_of_the_domains() -> None:
    space = Space([Parameter(f"p{i}", domain) for i, domain in enumerate(DISCRETE)])
    drawn = draws(space, 3000)
    for each in space.parameters:
        assert_shares([config[each.name] for config in drawn], expected_shares(each.domain))


@pytest.mark.parametrize("domain", [Float(-3, 5), Float(1e-6, 1e-1, log=True)], ids=str)
def test_continuous_draws_are_even_in_scale(domain: Float) -> None:
    scale = math.log if domain.log else float
    drawn = [scale(config["p"]) for config in draws(Space([Parameter("p", domain)]), 2000)]
    low, high = scale(domain.low), scale(domain.high)
    assert_shares([int((x - low) / (high - low) * 10) for x in drawn], dict.fromkeys("0123456789", 0.1))


CONDITIONAL = Space(
    [
        Parameter("opt", Categorical(["sgd", "adam"])),
        Parameter("decay", Float(0.0, 0.1), (Condition("opt", "==", "sgd"),)),
        Parameter("decay", Integer(1, 3), (Condition("opt", "==", "adam"),)),
        Parameter("n", Integer(1, 4)),
        Parameter("deep", Float(0, 1), (Condition("n", ">=", 3),)),
        Parameter("epochs", Constant(3)),
    ]
)


def test_the_same_name_in_two_branches_and_comparisons_are_drawn() -> None:
    for config in draws(CONDITIONAL, 200):
        assert CONDITIONAL.validate(config) == config


def test_inactive_parameters_are_marked_as_not_drawn() -> None:
    config = {"opt": "adam", "decay": 2, "n": 1, "epochs": 3}
    assert hyperopt.encode(CONDITIONAL, config) == {
        "opt": [1],
        "decay[opt=sgd]": [],
        "decay[opt=adam]": [1.0],
        "n": [0.0],
        "deep": [],
    }


def test_tpe_learns_from_what_was_encoded() -> None:
    """Hyperopt's own TPE takes our documents, inactive parameters included, and proposes configs of the space."""
    from hyperopt import JOB_STATE_DONE, STATUS_OK, Trials, tpe
    from hyperopt.base import Domain as Problem

    def loss(config: dict[str, Any]) -> float:
        return abs(config.get("deep", 2.0) - 0.7) + (config["opt"] == "sgd") + config["decay"]

    trials, problem = Trials(), Problem(lambda _: 0.0, hyperopt.to_hyperopt(CONDITIONAL))
    rng = np.random.default_rng(0)
    losses = []
    for number in range(60):
        [proposed] = tpe.suggest([number], problem, trials, int(rng.integers(2**31)), n_startup_jobs=15)
        config = hyperopt.decode(CONDITIONAL, proposed["misc"]["vals"])
        assert CONDITIONAL.validate(config) == config
        losses.append(loss(config))
        vals = hyperopt.encode(CONDITIONAL, config)
        proposed["misc"]["vals"] = vals
        proposed["misc"]["idxs"] = {key: [number] * len(val) for key, val in vals.items()}
        proposed |= {"state": JOB_STATE_DONE, "result": {"status": STATUS_OK, "loss": losses[-1]}}
        trials.insert_trial_docs([proposed])
        trials.refresh()
    assert np.mean(losses[30:]) < np.mean(losses[:15])


@pytest.mark.parametrize("raw", [-0.5, 9.5, 9.49, -0.0, 100.0])
def test_a_draw_on_the_far_edge_is_the_bound(raw: float) -> None:
    space = Space([Parameter("p", Integer(1, 10))])
    assert hyperopt.decode(space, {"p": [raw]}) == {"p": 1 if raw < 1 else 10}


def test_what_hyperopt_cannot_say_is_refused_by_name() -> None:
    odd: Domain = Integer(3, 9, log=True, step=2)
    with pytest.raises(SpaceError, match=r"^m\.x: Hyperopt cannot count from 3 by 2"):
        hyperopt.to_hyperopt(Space([Parameter("m.x", odd)]))


@pytest.mark.parametrize("vals", [{}, {"opt": []}, {"opt": [0, 1]}])
def test_a_missing_value_is_named(vals: dict[str, Any]) -> None:
    with pytest.raises(SpaceError, match="opt: the Hyperopt trial has no value for 'opt'"):
        hyperopt.decode(CONDITIONAL, vals)
