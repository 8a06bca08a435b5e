from __future__ import annotations

import math
from enum import StrEnum
from typing import Any

import numpy as np
import pytest

from contracts.space_shares import assert_shares, expected_shares
from spaces import Categorical, Constant, Domain, Float, Integer, Ordinal, SpaceError

ANY = [Float(0, 1), Integer(1, 9), Categorical(["a", "b"]), Ordinal([1, 2]), Constant(3)]


class Kind(StrEnum):
    ADAM = "adam"


# --- construction ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Float(2, 1), "lower bound 2.0 exceeds the upper bound 1.0"),
        (lambda: Float(0, 1, log=True), "above 0, got 0.0"),
        (lambda: Float(math.nan, 1), "finite, got nan"),
        (lambda: Float(0, math.inf), "finite, got inf"),
        (lambda: Float(-1e308, 1e308), "too far apart"),
        (lambda: Float("0", 1), "the lower bound must be a number, got '0'"),
        (lambda: Float(True, 2), "must be a number, got True"),
        (lambda: Float(0, 1, log="yes"), "log must be true or false, got 'yes'"),
        (lambda: Float(0, 1, step=0), "step must be more than 0, got 0"),
        (lambda: Float(0, 1, step=-0.1), "step must be more than 0"),
        (lambda: Float(0, 1, step=0.3), "nearest are 0.9 and 1.2"),
        (lambda: Float(1e15, 2e15, step=1e-3), "too small beside the bounds"),
        (lambda: Float(0, 1, step=1e-13), "at most 2**40 values"),
        (lambda: Float(0.1, 1.0, log=True, step=0.3), "more than half a step"),
        (lambda: Integer(5, 4), "lower bound 5 exceeds"),
        (
            lambda: Integer(1, 10, step=4),
            "must be 1 plus a multiple of the step 4, got 10; nearest are 9 and 13",
        ),
        (lambda: Integer(1, 10, step=0), "step must be more than 0, got 0"),
        (lambda: Integer(1.5, 10), "whole number, got 1.5"),
        (lambda: Integer(0, 10, log=True), "above 0, got 0"),
        (lambda: Integer(1, 9, log=True, step=2), "more than half a step"),
        (lambda: Integer(0, 2**41), "at most 2**40 values"),
        (lambda: Categorical([]), "at least one"),
        (lambda: Categorical("adam"), "choices must be a list, got 'adam'"),
        (lambda: Categorical({"a": 1}), "choices must be a list"),
        (lambda: Categorical([1, 2, 1]), "got 1 more than once"),
        (lambda: Categorical([0.0, -0.0]), "more than once"),
        (lambda: Categorical([math.nan]), "finite"),
        (lambda: Categorical([{"a": 1}]), "of type dict"),
        (lambda: Ordinal([1, math.inf]), "finite"),
        (lambda: Constant(object()), "of type object"),
        (lambda: Domain.from_json({"type": "flaot"}), "did you mean float?"),
        (lambda: Domain.from_json({"type": "float", "lo": 1}), "unknown member 'lo' (did you mean low"),
        (lambda: Domain.from_json({"type": "float", "low": 1}), "needs low, high"),
        (lambda: Domain.from_json({"type": ["float"]}), "unknown domain type"),
    ],
)
def test_a_wrong_domain_is_refused_with_the_rule_and_the_value(make: Any, says: str) -> None:
    with pytest.raises(SpaceError) as refused:
        make()
    assert says in str(refused.value)


def test_choices_are_told_apart_by_type() -> None:
    choices = (True, 1, 1.0, "1", None, False, 0, (1,), ("1",))
    domain = Categorical(choices)
    assert domain.size == 9
    for place, choice in enumerate(choices):
        got = domain.validate(choice)
        assert got == choice
        assert type(got) is type(choice)
        assert domain.from_unit((place + 0.5) / 9) is domain.choices[place]
    assert Categorical([True]) != Categorical([1]) != Categorical([1.0])
    assert len({Categorical([True]), Categorical([1]), Categorical([1.0]), Ordinal([1])}) == 4


def test_a_number_finds_its_only_equal_choice_but_a_truth_does_not() -> None:
    assert Categorical([0.5, 1.0]).validate(1) == 1.0
    assert Categorical([1, 2]).validate(2.0) == 2
    with pytest.raises(SpaceError, match="got True"):
        Categorical([1, 2]).validate(True)
    with pytest.raises(SpaceError, match="got 1"):
        Categorical([True, False]).validate(1)


def test_foreign_types_become_plain() -> None:
    assert type(Float(0, 2).validate(np.float32(0.5))) is float
    assert type(Float(0, 2).validate(1)) is float
    assert type(Integer(0, 2).validate(np.int64(1))) is int
    assert type(Integer(0, 2).validate(2.0)) is int
    assert type(Categorical(["adam"]).validate(Kind.ADAM)) is str
    assert Categorical([np.bool_(True)]).choices == (True,)
    assert Categorical([[64, 64], np.array([32])]).choices == ((64, 64), (32,))
    assert Categorical([[64, 64]]).validate([64, 64]) == (64, 64)


@pytest.mark.parametrize("domain", ANY, ids=lambda each: each.type)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, object(), {}, b"x", "no such", [None]])
def test_what_is_not_a_value_is_refused(domain: Domain, value: Any) -> None:
    with pytest.raises(SpaceError):
        domain.validate(value)
    with pytest.raises(SpaceError):
        domain.to_unit(value)


@pytest.mark.parametrize("domain", ANY, ids=lambda each: each.type)
@pytest.mark.parametrize("u", [math.nan, -0.1, 1.1, math.inf])
def test_a_place_outside_the_unit_interval_is_refused(domain: Domain, u: float) -> None:
    with pytest.raises(SpaceError, match=r"must lie in \[0, 1\]"):
        domain.from_unit(u)


# --- bounds, lattices, grids -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "domain",
    [
        Float(0.1, 0.3),
        Float(1e-5, 1e-1, log=True),
        Float(0.1, 0.7, step=0.2),
        Integer(-3, 7),
        Integer(3, 300, log=True),
    ],
    ids=str,
)
def test_both_bounds_are_included_exactly(domain: Any) -> None:
    assert domain.from_unit(0.0) == domain.low == domain.validate(domain.low)
    assert domain.from_unit(1.0) == domain.high == domain.validate(domain.high)


def test_a_bound_that_rounding_left_is_the_bound_and_anything_further_is_refused() -> None:
    domain = Float(1e-5, 0.1, log=True)
    assert domain.validate(math.nextafter(0.1, 1)) == 0.1
    with pytest.raises(SpaceError, match=r"must lie in \[1e-05, 0.1\], got 0.100001"):
        domain.validate(0.100001)


def test_a_step_counts_in_the_decimals_as_written() -> None:
    domain = Float(0.0, 0.5, step=0.1)
    assert domain.grid(1) == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    assert domain.validate(0.1 + 0.2) == 0.3
    with pytest.raises(SpaceError, match=r"got 0.25; nearest is 0\.[23]"):
        domain.validate(0.25)
    with pytest.raises(SpaceError, match="got 6; nearest is 5"):
        Integer(1, 9, step=4).validate(6)


@pytest.mark.parametrize(
    ("domain", "n", "points"),
    [
        (Float(0, 1), 5, (0, 0.25, 0.5, 0.75, 1)),
        (Float(0, 1), 1, (0.5,)),
        (Float(1e-4, 1, log=True), 3, (1e-4, 1e-2, 1)),
        (Float(2, 2), 7, (2,)),
        (Integer(1, 10, step=3), 2, (1, 4, 7, 10)),
        (Ordinal(["s", "m", "l"]), 2, ("s", "m", "l")),
        (Constant(4), 9, (4,)),
    ],
    ids=str,
)
def test_the_grid_is_even_in_scale_and_whole_when_discrete(
    domain: Domain, n: int, points: tuple[Any, ...]
) -> None:
    assert domain.grid(n) == pytest.approx(points) if isinstance(domain, Float) else domain.grid(n) == points


def test_a_grid_without_points_is_refused() -> None:
    with pytest.raises(SpaceError, match="at least 1 point, got 0"):
        Float(0, 1).grid(0)


def test_whole_numbers_far_from_zero_stay_exact() -> None:
    domain = Integer(10**18, 10**18 + 5)
    assert domain.grid(1) == tuple(range(10**18, 10**18 + 6))
    assert [domain.from_unit(domain.to_unit(each)) for each in domain.grid(1)] == list(domain.grid(1))


def test_a_lattice_of_the_largest_size_still_comes_back() -> None:
    for domain in (Integer(0, 2**40 - 1), Integer(1, 2**40 - 2, log=True)):
        for value in (domain.low, domain.low + 1, domain.high // 2, domain.high - 1, domain.high):
            assert domain.from_unit(domain.to_unit(value)) == value


# --- sampling ----------------------------------------------------------------------------------------

DISCRETE = [
    Integer(1, 10),
    Integer(1, 10, step=3),
    Integer(1, 8, log=True),
    Integer(16, 128, log=True, step=16),
    Float(0.0, 0.5, step=0.1),
    Float(0.1, 1.0, log=True, step=0.1),
    Categorical(["sgd", None, True, 1.5]),
    Ordinal(["s", "m", "l"]),
]


@pytest.mark.parametrize("domain", DISCRETE, ids=str)
def test_samples_of_a_discrete_domain_have_their_shares(domain: Domain) -> None:
    rng = np.random.default_rng(7)
    assert_shares([domain.sample(rng) for _ in range(20_000)], expected_shares(domain))


@pytest.mark.parametrize("domain", [Float(-3, 5), Float(1e-6, 1e-1, log=True)], ids=str)
def test_samples_of_a_continuous_domain_are_even_in_its_scale(domain: Float) -> None:
    rng = np.random.default_rng(7)
    drawn = np.array([domain.sample(rng) for _ in range(20_000)])
    scale = np.log if domain.log else np.asarray
    low, high = scale(domain.low), scale(domain.high)
    tenths = np.floor((scale(drawn) - low) / (high - low) * 10).astype(int)
    assert_shares(tenths.tolist(), dict.fromkeys("0123456789", 0.1))


def test_a_sample_takes_one_number() -> None:
    for domain in ANY:
        a, b = np.random.default_rng(3), np.random.default_rng(3)
        domain.sample(a)
        b.random()
        assert a.random() == b.random()
