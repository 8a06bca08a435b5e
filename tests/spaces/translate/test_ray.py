from __future__ import annotations

import math

import numpy as np
import pytest

from contracts.space_shares import assert_shares, expected_shares
from spaces import Categorical, Constant, Domain, Float, Integer, Ordinal, Parameter, Space, SpaceError
from spaces.translate import ray


def drawn(domain: Domain, number: int = 20_000) -> list[object]:
    [translated] = ray.to_ray(Space([Parameter("m.p", domain)])).values()
    return list(translated.sample(size=number, random_state=np.random.default_rng(0)))


@pytest.mark.parametrize(
    "domain",
    [
        Integer(1, 10),
        Integer(1, 10, step=3),
        Integer(-3, 3),
        Float(0.0, 0.5, step=0.1),
        Categorical([True, None, "a", (64, 64)]),
        Ordinal(["s", "m", "l"]),
        Integer(5, 5),
    ],
    ids=str,
)
def test_draws_have_the_shares_of_the_domain(domain: Domain) -> None:
    values = [each.item() if isinstance(each, np.generic) else each for each in drawn(domain)]
    assert_shares(values, expected_shares(domain))


@pytest.mark.parametrize("domain", [Float(-3, 5), Float(1e-6, 1e-1, log=True)], ids=str)
def test_continuous_draws_are_even_in_scale(domain: Float) -> None:
    scale = math.log if domain.log else float
    low, high = scale(domain.low), scale(domain.high)
    tenths = [int((scale(x) - low) / (high - low) * 10) for x in drawn(domain)]  # type: ignore[arg-type]
    assert_shares(tenths, dict.fromkeys("0123456789", 0.1))


def test_names_are_flat_and_constants_are_values() -> None:
    space = Space([Parameter("m.lr", Float(0, 1)), Parameter("m.kind", Constant("cnn"))])
    translated = ray.to_ray(space)
    assert list(translated) == ["m.lr", "m.kind"]
    assert translated["m.kind"] == "cnn"


@pytest.mark.parametrize(
    ("domain", "says"),
    [
        (Integer(0, 10_000, step=2), "at most 1000 values, got 5001"),
        (Integer(2**63 - 4, 2**63 - 1), "64 bits"),
        (Integer(1, 9, log=True), "'integer log' exactly: Ray rounds"),
    ],
)
def test_what_ray_cannot_say_is_refused_by_name(domain: Domain, says: str) -> None:
    with pytest.raises(SpaceError, match=rf"^m\.p: .*{says}"):
        ray.to_ray(Space([Parameter("m.p", domain)]))
