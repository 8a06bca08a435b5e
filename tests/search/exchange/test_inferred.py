"""Domains and conditions inferred from values: the smallest thing that holds them all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search.exchange.inferred import infer_domain, infer_space
from spaces import Categorical, Condition, Config, Constant, Float, Integer, Ordinal


@pytest.mark.parametrize(
    ("values", "domain"),
    [
        ([3, 3, 3], Constant(3)),
        ([None], Constant(None)),
        (["sgd", "adam", "sgd"], Categorical(("sgd", "adam"))),
        ([True, False], Categorical((True, False))),
        ([True, 1], Categorical((True, 1))),
        ([None, 0.5], Categorical((None, 0.5))),
        ([(1, 2), (1, 3)], Categorical(((1, 2), (1, 3)))),
        ([1, 2, 3] * 3, Integer(1, 3)),
        ([32, 64, 128] * 3, Ordinal((32, 64, 128))),
        ([32, 64, 128], Integer(32, 128)),
        ([0.1, 0.5] * 3, Ordinal((0.1, 0.5))),
        ([1, 0.5], Float(0.5, 1.0)),
        ([0.0, 1e-4, 1e-1], Float(0.0, 0.1)),
        ([-1.0, -100.0], Float(-100.0, -1.0)),
        ([0, 2**60], Float(0.0, 1.16e18)),
        ([1, 1.0], Constant(1.0)),
        ([0.00123456, 0.98765], Float(0.00123, 0.988, log=True)),
        ([-0.98765, -0.00123456], Float(-0.988, -0.00123)),
        ([1.7e308, -1.0], Float(-1.0, 1.7e308)),
        ([5e-324, 1.0], Float(5e-324, 1.0, log=True)),
    ],
)
def test_the_domain_of_values(values: list[Any], domain: Any) -> None:
    assert infer_domain(values) == domain
    for value in values:
        domain.validate(value)


@pytest.mark.parametrize("seed", range(20))
def test_the_scale_is_the_one_that_the_values_were_drawn_on(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert infer_domain(list(10 ** rng.uniform(-5, -1, 30))).log  # type: ignore[attr-defined]
    assert not infer_domain(list(rng.uniform(0, 1, 30))).log  # type: ignore[attr-defined]


def test_whole_numbers_have_a_scale_too() -> None:
    assert infer_domain([16, 20, 33, 64, 100, 250, 512, 1024]) == Integer(16, 1024, log=True)
    assert infer_domain([16, 120, 333, 464, 600, 750, 912, 1024]) == Integer(16, 1024)


def space_of(configs: list[Config], **known: Any) -> tuple[dict[str, Any], list[Config], list[str]]:
    space, told, switches = infer_space(configs, known)
    for config in told:
        assert space.validate(config) == config
    return {each.name: each for each in space.parameters}, told, switches


def test_a_parameter_hangs_on_the_choice_that_explains_where_it_stands() -> None:
    configs = [
        {"optimizer": "sgd", "lr": 0.1 + i / 100, "momentum": i / 10}
        if i % 2
        else {"optimizer": "adam", "lr": 0.2 + i}
        for i in range(8)
    ]
    parameters, _, switches = space_of(configs)
    assert parameters["momentum"].when == (Condition("optimizer", "==", "sgd"),)
    assert switches == []


def test_layers_hang_on_their_number() -> None:
    configs = [{"layers": n, **{f"units_{i}": 8 * (n + i) for i in range(n)}} for n in (1, 2, 3) * 4]
    parameters, _, _ = space_of(configs)
    assert parameters["units_0"].when == ()
    assert parameters["units_1"].when == (Condition("layers", ">=", 2),)
    assert parameters["units_2"].when == (Condition("layers", ">=", 3),)


def test_conditions_may_be_chained() -> None:
    outer = [{"model": "tree", "depth": i % 5} for i in range(6)]
    inner = [{"model": "net", "drop": bool(i % 2), **({"rate": i / 10} if i % 2 else {})} for i in range(8)]
    parameters, _, _ = space_of([*outer, *inner])
    assert parameters["drop"].when == (Condition("model", "==", "net"),)
    assert [str(each) for each in parameters["rate"].when] == ["drop=true"]


def test_a_gap_that_nothing_explains_takes_a_switch() -> None:
    configs = [{"lr": i / 10} for i in range(5)] + [
        {"lr": i / 10, "decay": i / 100, "warm": i} for i in range(5)
    ]
    parameters, told, switches = space_of(configs)
    assert switches == ["decay_given"]
    assert parameters["decay"].when == parameters["warm"].when == (Condition("decay_given", "==", True),)
    assert [config["decay_given"] for config in told] == [False] * 5 + [True] * 5


def test_a_name_of_many_values_explains_nothing() -> None:
    """Every trial has a tag of its own: it would explain any gap, and predict none."""
    configs = [
        {"tag": f"run-{i}", "lr": i / 7, **({"decay": i / 100} if i in (1, 4) else {})} for i in range(9)
    ]
    parameters, _, switches = space_of(configs)
    assert switches == ["decay_given"]
    assert parameters["decay"].when == (Condition("decay_given", "==", True),)


def test_what_is_known_is_kept() -> None:
    parameters, _, _ = space_of([{"lr": 0.1}, {"lr": 0.2}], lr=Float(1e-5, 1.0, log=True))
    assert parameters["lr"].domain == Float(1e-5, 1.0, log=True)


def test_broken_off_configs_do_not_make_conditions() -> None:
    configs: list[Config] = [{"a": 1, "b": 0.5}, {"a": 2, "b": 0.25}, {"a": 1}]
    space, _, switches = infer_space(configs, {}, whole=[0, 1])
    assert switches == []
    assert all(each.when == () for each in space.parameters)
