from __future__ import annotations

import json
from pathlib import Path
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
from spaces.translate import configspace

library = pytest.importorskip("ConfigSpace")


def read(space: Space) -> Any:
    return library.ConfigurationSpace.from_serialized_dict(
        json.loads(json.dumps(configspace.to_configspace(space)))
    )


DISCRETE = [
    Integer(1, 10),
    Integer(1, 10, step=3),
    Float(0.0, 0.5, step=0.1),
    Categorical(["a", "b", "c"]),
    Categorical([True, 1, None, (64, 64)]),
    Ordinal([1, 2, 4]),
    Ordinal(["s", None]),
    Integer(5, 5),
]


@pytest.mark.slow
def test_draws_have_the_shares_of_the_domains() -> None:
    space = Space([Parameter(f"p{i}", domain) for i, domain in enumerate(DISCRETE)])
    translated = read(space)
    translated.seed(0)
    drawn = [configspace.decode(space, dict(each)) for each in translated.sample_configuration(4000)]
    for each in space.parameters:
        assert_shares([config[each.name] for config in drawn], expected_shares(each.domain))


def test_a_file_of_it_is_read_by_configspace(tmp_path: Path) -> None:
    space = Space(
        [
            Parameter("lr", Float(1e-5, 0.1, log=True)),
            Parameter("n", Integer(1, 9)),
            Parameter("c", Constant(2)),
        ]
    )
    file = tmp_path / "space.json"
    file.write_text(json.dumps(configspace.to_configspace(space, name="toy")))
    found = library.ConfigurationSpace.from_json(file)
    assert found.name == "toy"
    assert (found["lr"].lower, found["lr"].upper, found["lr"].log) == (1e-5, 0.1, True)
    assert (found["n"].lower, found["n"].upper) == (1, 9)
    assert found["c"].value == 2
    written, again = configspace.to_configspace(space), found.to_serialized_dict()
    assert again["format_version"] == written["format_version"]
    ours = {each["name"]: each for each in written["hyperparameters"]}
    for each in again["hyperparameters"]:
        expected = ours[each["name"]]
        assert each.keys() == expected.keys()
        assert {
            key: pytest.approx(value) if key == "default_value" else value for key, value in expected.items()
        } == each


OPT = Parameter("opt", Categorical(["sgd", "adam", "lion"]))
N = Parameter("n", Integer(1, 6))
Z = Parameter("z", Float(0, 1))


@pytest.mark.parametrize(
    "when",
    [
        [Condition("opt", "==", "sgd")],
        [Condition("opt", "!=", "sgd")],
        [Condition("opt", "in", ["sgd", "lion"])],
        [Condition("n", ">=", 3)],
        [Condition("n", "<", 3)],
        [Condition("n", ">=", 0)],
        [Condition("z", ">", 0.5)],
        [Condition("z", "<", 7)],
        [Condition("n", "<=", 4), Condition("opt", "!=", "adam")],
        [Condition("n", ">", 2), Condition("n", "<", 5), Condition("z", "<", 0.9)],
    ],
    ids=lambda when: " and ".join(map(str, when)),
)
def test_conditions_mean_the_same(when: list[Condition]) -> None:
    space = Space([OPT, N, Z, Parameter("child", Float(0, 1), tuple(when))])
    translated = read(space)
    translated.seed(1)
    active = 0
    for each in translated.sample_configuration(60):
        sample = dict(each)
        config = configspace.decode(space, sample)
        assert ("child" in sample) is ("child" in config) is all(c.holds(config[c.parent]) for c in when)
        active += "child" in sample
    assert active > 0


def test_what_a_constant_switches_off_is_left_out_with_all_that_hangs_on_it() -> None:
    space = Space(
        [
            Parameter("opt", Constant("adam")),
            Parameter("momentum", Float(0, 1), (Condition("opt", "==", "sgd"),)),
            Parameter("nesterov", Categorical([True, False]), (Condition("momentum", ">", 0.5),)),
            Parameter("beta", Float(0, 1), (Condition("opt", "==", "adam"),)),
        ]
    )
    assert set(read(space)) == {"opt", "beta"}
    assert configspace.to_configspace(space)["conditions"] == []


@pytest.mark.parametrize(
    ("domain", "says"),
    [
        (Integer(0, 3000, step=2), "at most 1000, got 1501"),
        (Float(0.1, 0.12345678901234567), "rounds floats to 13 decimals"),
        (Float(1e-12, 1e-3, log=True), "rounds floats to 13 decimals"),
        (Integer(2, 8, log=True, step=2), "'integer log step' exactly"),
        (Integer(1, 8, log=True), "'integer log' exactly: .* other probabilities"),
    ],
)
def test_what_configspace_cannot_say_is_refused_by_name(domain: Domain, says: str) -> None:
    with pytest.raises(SpaceError, match=rf"^p: .*{says}"):
        configspace.to_configspace(Space([Parameter("p", domain)]))


@pytest.mark.parametrize(
    ("parents", "condition", "says"),
    [
        ([Z], Condition("z", "<=", 0.5), "only < and >"),
        ([Parameter("k", Integer(0, 2000))], Condition("k", "<", 5), "at most 1000"),
        (
            [
                OPT,
                Parameter("k", Integer(1, 2), (Condition("opt", "==", "sgd"),)),
                Parameter("k", Integer(3, 4), (Condition("opt", "!=", "sgd"),)),
            ],
            Condition("k", "==", 1),
            "has several branches",
        ),
    ],
)
def test_conditions_that_configspace_cannot_say_are_refused(
    parents: Any, condition: Condition, says: str
) -> None:
    with pytest.raises(SpaceError, match=says):
        configspace.to_configspace(Space([*parents, Parameter("p", Float(0, 1), (condition,))]))


def test_values_outside_are_refused_and_missing_ones_named() -> None:
    space = Space([Z, Parameter("m", Categorical([1, "a"]))])
    assert configspace.decode(space, {"z": np.float64(0.5), "m": np.str_('"a"')}) == {"z": 0.5, "m": "a"}
    with pytest.raises(SpaceError, match="must lie in"):
        configspace.decode(space, {"z": 2.0, "m": "1"})
    with pytest.raises(SpaceError, match="m: the configuration has no value"):
        configspace.decode(space, {"z": 0.5})
