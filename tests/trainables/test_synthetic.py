"""Test functions know their optimum; learning curves know their order."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from spaces import nest, parse_parameters
from trainables import CATALOGUE, Host, TrainableError, resolve
from trainables.synthetic import KnownFunction, curve_loss

KNOWN: dict[str, KnownFunction] = {
    name: target for name in CATALOGUE if isinstance(target := resolve(name).target, KnownFunction)
}


def losses(ref: str, config: dict[str, Any], *, seed: int = 0) -> list[float]:
    host = Host(resolve(ref))
    host.start(config, seed=seed)
    found = []
    while (metrics := host.advance()) is not None:
        found.append(float(metrics["loss"]))
    return found


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        ({"x1": 0.0}, "lacks 'x2'"),
        ({"x1": 0.0, "x2": 0.0, "x3": 0.0}, "no parameter 'x3'; known: data, steps, x1, x2"),
        ({"x1": 0.0, "x2": 0.0, "steps": 0}, "steps is at least 1, not 0"),
    ],
)
def test_a_wrong_config(config: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        losses("branin", config)


@pytest.mark.parametrize("name", KNOWN)
def test_the_optimum_is_reached_where_it_says(name: str) -> None:
    function = KNOWN[name]
    assert function.minimisers
    space = parse_parameters(function.parameters)
    for config in function.minimisers:
        space.validate(config)
        assert function.value(config) == pytest.approx(
            function.optimum, abs=1e-4 * (1 + abs(function.optimum))
        )


@pytest.mark.parametrize("name", KNOWN)
def test_nothing_in_the_space_is_below_the_optimum(name: str) -> None:
    function = KNOWN[name]
    space = parse_parameters(function.parameters)
    rng = np.random.default_rng(0)
    values = [function.value(nest(space.sample(rng))) for _ in range(2000)]
    assert all(math.isfinite(v) for v in values)
    assert min(values) >= function.optimum
    assert np.std(values) > 0.01


@pytest.mark.parametrize(
    "name", [n for n, f in KNOWN.items() if set(f.minimisers[0]) <= {f"x{i}" for i in range(9)}]
)
def test_descent_from_the_minimiser_finds_nothing_better(name: str) -> None:
    function = KNOWN[name]
    names = list(function.parameters)
    for config in function.minimisers:
        found = optimize.minimize(
            lambda x: function.value(dict(zip(names, x, strict=True))),
            [config[n] for n in names],
            bounds=[(function.parameters[n]["min"], function.parameters[n]["max"]) for n in names],
            method="Nelder-Mead",
        )
        assert found.fun == pytest.approx(function.optimum, abs=1e-6)


def test_steps_lead_to_the_value_and_keep_the_order() -> None:
    good, bad = {"x1": math.pi, "x2": 2.275}, {"x1": 0.0, "x2": 0.0}
    assert len(losses("branin", good)) == 1
    better, worse = losses("branin", {**good, "steps": 9}), losses("branin", {**bad, "steps": 9})
    assert len(better) == 9
    assert better[-1] == losses("branin", good)[0]
    assert all(a > b for a, b in pairwise(better))
    assert all(a < b for a, b in zip(better, worse, strict=True))


def test_noise_is_seeded_and_has_the_size_it_says() -> None:
    noisy = KNOWN["noisy"]
    config = {**noisy.minimisers[0], "steps": 2}
    assert losses("noisy", config, seed=3) == losses("noisy", config, seed=3)
    assert losses("noisy", config, seed=3) != losses("noisy", config, seed=4)
    drawn = np.array([losses("noisy", config, seed=s)[-1] - noisy.optimum for s in range(1000)])
    assert abs(drawn.mean()) < 4 * noisy.noise / math.sqrt(1000)
    assert drawn.std() == pytest.approx(noisy.noise, rel=4 / math.sqrt(2000))


UNIT = st.floats(0, 1)


@given(UNIT, UNIT, st.floats(0.1, 3), st.integers(1, 243))
def test_a_curve_falls_to_exactly_one_minus_its_quality(q: float, c: float, speed: float, steps: int) -> None:
    curve = [curve_loss(q, s, steps, crossing=c, speed=speed) for s in range(1, steps + 1)]
    assert curve[-1] == 1 - q
    assert all(a > b for a, b in pairwise(curve))


@given(UNIT, UNIT, st.integers(2, 81), st.floats(0, 1))
def test_without_crossing_the_final_order_holds_at_every_step(
    a: float, b: float, steps: int, at: float
) -> None:
    step = 1 + round(at * (steps - 1))
    difference = curve_loss(a, step, steps) - curve_loss(b, step, steps)
    assert difference == pytest.approx(b - a, abs=1e-12)


def test_with_crossing_the_first_step_shows_the_reverse() -> None:
    qualities = np.linspace(0, 1, 11)
    first = [curve_loss(q, 1, 27, crossing=1.0) for q in qualities]
    last = [curve_loss(q, 27, 27, crossing=1.0) for q in qualities]
    assert first == sorted(first)
    assert last == sorted(last, reverse=True)


def test_curves_follow_their_formula_and_tell_their_cost() -> None:
    host = Host(resolve("curves"))
    host.start({"quality": 0.7, "crossing": 0.5, "speed": 1.0, "cost": 2.5, "steps": 5}, seed=0)
    for step in range(1, 6):
        expected = curve_loss(0.7, step, 5, crossing=0.5, speed=1.0)
        assert host.advance() == {"loss": expected, "seconds": 2.5}
    assert host.advance() is None


def test_the_noise_of_curves_is_drawn_for_each_step() -> None:
    noisy, clean = (losses("curves", {"noise": n, "steps": 200}, seed=3) for n in (0.1, 0.0))
    drawn = np.array(noisy) - np.array(clean)
    assert drawn.std() == pytest.approx(0.1, rel=4 / math.sqrt(400))


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        ({"quality": 1.5}, "quality is from 0 to 1, not 1.5"),
        ({"qualty": 0.5}, "no option 'qualty'; did you mean quality?"),
        ({"quality": "high"}, "quality is of type float"),
        ({"quality": True}, "quality is of type float"),
        ({"steps": 2.5}, "steps is of type int"),
        ({"speed": 0}, "speed is above 0"),
    ],
)
def test_wrong_options_of_curves(config: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        Host(resolve("curves")).start(config, seed=0)
