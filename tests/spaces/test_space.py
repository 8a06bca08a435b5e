from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.space_shares import assert_shares
from spaces import (
    Categorical,
    Condition,
    Constant,
    Float,
    Integer,
    Ordinal,
    Parameter,
    Space,
    SpaceError,
    flatten,
    nest,
)


def when(parent: str, op: str, value: Any) -> tuple[Condition, ...]:
    return (Condition(parent, op, value),)


SPACE = Space(
    [
        Parameter("lr", Float(1e-5, 1e-1, log=True)),
        Parameter("momentum", Float(0.5, 0.99), when("opt", "==", "sgd")),
        Parameter("opt", Categorical(["sgd", "adam", "lion"])),
        Parameter("decay", Float(0.0, 0.1), when("opt", "==", "sgd")),
        Parameter("decay", Integer(1, 3), when("opt", "in", ["adam", "lion"])),
        Parameter("nesterov", Categorical([True, False]), when("momentum", ">=", 0.9)),
        Parameter("model.width", Integer(16, 256, step=16)),
        Parameter("batch", Ordinal([32, 64, 128])),
        Parameter("epochs", Constant(20)),
    ],
    ["model.width * batch <= 16384"],
)
SGD = {
    "lr": 0.01,
    "opt": "sgd",
    "momentum": 0.95,
    "decay": 0.05,
    "nesterov": True,
    "model.width": 64,
    "batch": 32,
    "epochs": 20,
}


# --- construction ------------------------------------------------------------------------------------


def test_parents_come_before_children_and_else_the_order_is_as_declared() -> None:
    assert SPACE.names == ("lr", "opt", "momentum", "decay", "nesterov", "model.width", "batch", "epochs")


def test_a_name_in_two_branches_has_two_keys() -> None:
    keys = [each.key for each in SPACE.searched]
    assert keys == [
        "lr",
        "opt",
        "momentum",
        "decay[opt=sgd]",
        "decay[opt=adam|lion]",
        "nesterov",
        "model.width",
        "batch",
    ]


X = Categorical(["x", "y"])


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ([], "at least one parameter"),
        (["lr"], "made of Parameter objects, got 'lr'"),
        ([Parameter("a", X), Parameter("a", X)], "a: given twice (always; always)"),
        ([Parameter("a", X), Parameter("a.b", X)], "a: is a parameter and also the group of a.b"),
        (
            [Parameter("opt", X), Parameter("b", X, when("otp", "==", "x"))],
            "b: its condition names no parameter: 'otp' (did you mean opt?)",
        ),
        (
            [Parameter("a", X, when("b", "==", "x")), Parameter("b", X, when("a", "==", "x"))],
            "circle: a -> b -> a",
        ),
        (
            [
                Parameter("a", X, when("c", "==", "x")),
                Parameter("b", X, when("a", "==", "x")),
                Parameter("c", X, when("b", "==", "x")),
            ],
            "circle: a -> c -> b -> a",
        ),
        ([Parameter("opt", X), Parameter("b", X, when("opt", "==", "z"))], "b: when opt is never 'z'"),
        ([Parameter("n", Integer(1, 5)), Parameter("b", X, when("n", ">", 5))], "b: when n > 5 never holds"),
        (
            [Parameter("n", Integer(1, 5)), Parameter("b", X, (*when("n", ">", 3), *when("n", "<", 4)))],
            "b: can never be active, it needs n>3 and n<4",
        ),
        (
            [
                Parameter("a", X),
                Parameter("b", X, when("a", "==", "x")),
                Parameter("c", X, (*when("b", "==", "x"), *when("a", "==", "y"))),
            ],
            "c: can never be active, it needs a=y and a=x",
        ),
        (
            [
                Parameter("n", Integer(1, 5)),
                Parameter("b", X, when("n", ">", 2)),
                Parameter("b", X, when("n", "<", 4)),
            ],
            "b: given twice (when n>2; when n<4), and both could be active at once",
        ),
        (
            [
                Parameter("a", X),
                Parameter("c", X),
                Parameter("b", X, when("a", "==", "x")),
                Parameter("b", X, when("c", "==", "y")),
            ],
            "both could be active at once",
        ),
    ],
)
def test_what_does_not_make_a_space_is_refused(parameters: list[Any], says: str) -> None:
    with pytest.raises(SpaceError) as refused:
        Space(parameters)
    assert says in str(refused.value)


@pytest.mark.parametrize("name", ["", ".", "a..b", "a.", ".a", "1a", "a b", "a/b", "a[0]", "-a", 3, None])
def test_an_ill_formed_name_is_refused(name: Any) -> None:
    with pytest.raises(SpaceError, match="name must be letters"):
        Parameter(name, X)


def test_other_wrong_parameters_are_refused() -> None:
    with pytest.raises(SpaceError, match=r"unknown role 'nuisence' \(did you mean nuisance"):
        Parameter("a", X, role="nuisence")  # type: ignore[arg-type]
    with pytest.raises(SpaceError, match="a: needs a domain, got 3"):
        Parameter("a", 3)  # type: ignore[arg-type]
    with pytest.raises(SpaceError, match="about the parameter itself"):
        Parameter("a", X, when("a", "==", "x"))


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SpaceError) as refused:
        Space(
            [
                Parameter("a", X, when("q", "==", 1)),
                Parameter("b", X, when("r", "==", 1)),
                Parameter("b.c", X),
            ]
        )
    assert [each.where for each in refused.value.problems] == ["b", "a", "b"]
    with pytest.raises(SpaceError) as refused:
        Space([Parameter("a", Integer(1, 3))], ["a <", "a < 2", "b > 1"])
    assert [each.constraint for each in refused.value.problems] == [0, 2]
    assert [each.column for each in refused.value.problems] == [4, 1]


@pytest.mark.parametrize(
    "halves",
    [
        (when("n", "<", 3), when("n", ">=", 3)),
        (when("n", "==", 3), when("n", "!=", 3)),
        (when("n", "<=", 2), when("n", ">", 2.5)),
        (when("n", "in", [1, 2]), when("n", "in", [3, 4])),
        (when("k", "==", "x"), (*when("k", "==", "y"), *when("n", ">", 1))),
        (when("deep", "==", "x"), when("k", "==", "y")),
    ],
)
def test_branches_may_exclude_each_other_in_any_way(halves: Any) -> None:
    space = Space(
        [
            Parameter("n", Integer(1, 5)),
            Parameter("k", X),
            Parameter("deep", X, when("k", "==", "x")),
            *(Parameter("b", X, half) for half in halves),
        ]
    )
    assert len({each.key for each in space.parameters}) == 5
    rng = np.random.default_rng(0)
    for _ in range(100):
        active = [each.name for each in space.active(space.sample(rng))]
        assert len(active) == len(set(active))


def test_a_constant_parent_switches_a_branch_off() -> None:
    space = Space(
        [Parameter("opt", Constant("adam")), Parameter("momentum", Float(0, 1), when("opt", "==", "sgd"))]
    )
    assert space.sample(np.random.default_rng(0)) == {"opt": "adam"}
    assert space.size == 1
    assert list(space.grid()) == [{"opt": "adam"}]


def test_a_constant_parent_leaves_one_of_the_branches() -> None:
    branches = [Parameter("x", Integer(1, 2), when("opt", "==", opt)) for opt in ("sgd", "adam")]
    space = Space([Parameter("opt", Constant("adam")), *branches])
    assert [each.key for each in space.active({})] == ["opt", "x[opt=adam]"]
    assert list(space.grid()) == [{"opt": "adam", "x": 1}, {"opt": "adam", "x": 2}]


def test_a_hundred_parameters_in_a_chain() -> None:
    chain = [Parameter("p0", X)] + [
        Parameter(f"p{i}", X, when(f"p{i - 1}", "==", "x")) for i in range(1, 100)
    ]
    space = Space(chain[::-1])
    assert space.size == 101 == len(list(space.grid()))


def test_many_diamonds() -> None:
    layers = [Parameter("a0", X), Parameter("b0", X)]
    for i in range(1, 30):
        both = (*when(f"a{i - 1}", "==", "x"), *when(f"b{i - 1}", "==", "x"))
        layers += [Parameter(f"a{i}", X, both), Parameter(f"b{i}", X, both)]
    assert Space(layers).size == 1 + 3 * 30


# --- configs -----------------------------------------------------------------------------------------


def test_validate_reads_nested_and_flat_fills_constants_and_normalises() -> None:
    given = {"opt": "sgd", "lr": np.float64(0.01), "momentum": 0.95, "decay": 0.05, "nesterov": True}
    assert SPACE.validate({**given, "model": {"width": 64.0}, "batch": 32}) == SGD
    assert list(SPACE.validate(dict(reversed(SGD.items())))) == list(SPACE.names)
    assert type(SPACE.validate(SGD)["model.width"]) is int


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lr": 1.0}, ["lr: must lie in [1e-05, 0.1], got 1.0"]),
        ({"lr": math.nan}, ["lr: a value must be finite, got nan"]),
        ({"lrr": 1.0}, ["lrr: unknown parameter (did you mean lr?)"]),
        (
            {"lr": None},
            [
                "lr: must be a number, got None",
            ],
        ),
        ({"opt": "sdg"}, ["opt: must be one of its 3 choices, got 'sdg' (did you mean sgd?)"]),
        (
            {"opt": "adam", "decay": 2},
            ["momentum: not active here, it needs opt=sgd", "nesterov: not active here"],
        ),
        ({"momentum": 0.6}, ["nesterov: not active here, it needs momentum>=0.9"]),
        ({"epochs": 21}, ["epochs: must be 20, got 21"]),
        ({"batch": 128, "model.width": 256}, ["constraint 'model.width * batch <= 16384' does not hold"]),
        (
            {"model.width": 65, "batch": 33, "x": 1},
            ["model.width: must be 16 plus", "batch: must be one of", "x: unknown"],
        ),
    ],
)
def test_validate_refuses_and_says_everything(change: dict[str, Any], says: list[str]) -> None:
    with pytest.raises(SpaceError) as refused:
        SPACE.validate({**SGD, **change})
    assert len(refused.value.problems) == len(says)
    for sentence in says:
        assert sentence in str(refused.value).replace("the value must", "must")


def test_validate_says_what_is_missing() -> None:
    with pytest.raises(SpaceError) as refused:
        SPACE.validate({"opt": "adam"})
    assert [each.where for each in refused.value.problems] == ["lr", "decay", "model.width", "batch"]


def test_a_name_given_nested_and_dotted_is_refused() -> None:
    with pytest.raises(SpaceError, match=r"model\.width: given twice"):
        SPACE.validate({"model": {"width": 64}, "model.width": 64})
    with pytest.raises(SpaceError, match="a name must be a string, got 3"):
        SPACE.validate({3: 4})  # type: ignore[dict-item]


def test_active_follows_the_values_and_knows_constants() -> None:
    assert [each.key for each in SPACE.active({})] == ["lr", "opt", "model.width", "batch", "epochs"]
    assert "decay[opt=adam|lion]" in [each.key for each in SPACE.active({"opt": "lion"})]
    chained = Space([Parameter("c", Constant([1])), Parameter("d", X, when("c", "==", [1]))])
    assert [each.name for each in chained.active({})] == ["c", "d"]


def test_lists_as_json_gives_them_decide_what_is_active() -> None:
    space = Space(
        [Parameter("layers", Categorical([[8], [8, 8]])), Parameter("d", X, when("layers", "==", [8, 8]))]
    )
    assert [each.name for each in space.active({"layers": [8, 8]})] == ["layers", "d"]
    assert space.fingerprint({"layers": [8, 8], "d": "x"}) == space.fingerprint({"layers": (8, 8), "d": "x"})
    assert space.validate({"layers": [8, 8], "d": "x"}) == {"layers": (8, 8), "d": "x"}


def test_to_unit_is_nan_where_inactive_and_wants_the_rest() -> None:
    point = SPACE.to_unit(SGD)
    assert point.shape == (8,)
    assert [each.key for each, u in zip(SPACE.searched, point, strict=True) if np.isnan(u)] == [
        "decay[opt=adam|lion]"
    ]
    with pytest.raises(SpaceError, match="momentum: missing"):
        SPACE.to_unit({key: value for key, value in SGD.items() if key != "momentum"})
    with pytest.raises(SpaceError, match="lr: must lie in"):
        SPACE.to_unit({**SGD, "lr": 7.0})


@pytest.mark.parametrize("point", [[], [0.5] * 7, [[0.5] * 8]])
def test_a_point_of_another_shape_is_refused(point: Any) -> None:
    with pytest.raises(SpaceError, match=r"has shape \(8,\), got"):
        SPACE.from_unit(point)


def test_a_nan_in_an_active_entry_is_refused() -> None:
    with pytest.raises(SpaceError, match=r"must lie in \[0, 1\], got nan"):
        SPACE.from_unit([math.nan] * 8)


def test_a_fingerprint_is_of_names_and_values_only() -> None:
    assert SPACE.fingerprint(SGD) == SPACE.fingerprint(dict(reversed(SGD.items())))
    assert SPACE.fingerprint(SGD) == SPACE.fingerprint(
        {**SGD, "model.width": np.int64(64), "lr": np.float64(0.01)}
    )
    assert SPACE.fingerprint(SGD) == SPACE.fingerprint(
        {name: each for name, each in SGD.items() if name != "epochs"}
    )
    assert SPACE.fingerprint(SGD) != SPACE.fingerprint({**SGD, "lr": 0.0100000001})
    kinds = Space([Parameter("x", Categorical([1, 1.0, True, "1", None]))])
    assert len({kinds.fingerprint(config) for config in kinds.grid()}) == 5


def test_a_fingerprint_is_the_same_in_another_process() -> None:
    program = (
        "import sys, json; from spaces import Space; "
        "print(Space.from_json(json.loads(sys.argv[1])).fingerprint(json.loads(sys.argv[2])))"
    )
    texts = [json.dumps(SPACE.to_json()), json.dumps(SGD)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, *texts], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == SPACE.fingerprint(SGD)


# --- sampling and the grid ---------------------------------------------------------------------------


def test_samples_keep_to_conditions_and_constraints() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        config = SPACE.sample(rng)
        assert SPACE.validate(config) == config
        assert ("momentum" in config) is (config["opt"] == "sgd")
        assert config["model.width"] * config["batch"] <= 16384


def test_a_sample_is_the_config_at_a_uniform_point() -> None:
    free = Space(SPACE.parameters)
    points = np.random.default_rng(5)
    rng = np.random.default_rng(5)
    assert [free.sample(rng) for _ in range(20)] == [free.from_unit(points.random(8)) for _ in range(20)]


def test_rejection_leaves_the_shares_of_feasible_configs_equal() -> None:
    space = Space([Parameter("a", Integer(1, 4)), Parameter("b", Integer(1, 4))], ["a + b <= 5"])
    rng = np.random.default_rng(1)
    drawn = [tuple(space.sample(rng).values()) for _ in range(10_000)]
    assert_shares(drawn, {f"[{a},{b}]": 1 / 10 for a in range(1, 5) for b in range(1, 5) if a + b <= 5})


def test_an_impossible_constraint_ends_the_sampling_with_its_share() -> None:
    space = Space([Parameter("a", Float(0, 1))], ["a > 2", "a >= 0"])
    with pytest.raises(SpaceError, match=r"no feasible config in 200 samples \('a > 2' refused 100.0%\)"):
        space.sample(np.random.default_rng(0), attempts=200)


def test_the_grid_counts_continuous_points_by_name() -> None:
    space = Space([Parameter("a", Float(0, 1)), Parameter("b", Float(0, 1)), Parameter("c", X)])
    assert len(list(space.grid(3))) == 18
    assert len(list(space.grid({"a": 2}))) == 2 * 5 * 2
    assert list(space.grid({"a": 1, "b": 1})) == [
        {"a": 0.5, "b": 0.5, "c": "x"},
        {"a": 0.5, "b": 0.5, "c": "y"},
    ]
    with pytest.raises(SpaceError, match=r"unknown parameter 'aa' \(did you mean a"):
        space.grid({"aa": 3})
    with pytest.raises(SpaceError, match="at least 1 point"):
        space.grid(0)


def test_the_grid_of_a_conditional_space_by_hand() -> None:
    space = Space(
        [Parameter("k", X), Parameter("n", Integer(1, 3), when("k", "==", "x")), Parameter("e", Constant(0))],
        ["n != 2"],
    )
    assert list(space.grid()) == [{"k": "x", "n": 1, "e": 0}, {"k": "x", "n": 3, "e": 0}, {"k": "y", "e": 0}]
    assert space.size == 4


def test_sizes_of_spaces_too_large_to_list() -> None:
    wide = [Parameter(f"p{i}", Integer(1, 1000)) for i in range(50)]
    assert Space(wide).size == 1000**50
    gate = Parameter("n", Integer(1, 10**6))
    inner = Parameter("m", Integer(1, 10), when("n", ">", 10**5))
    assert Space([gate, inner]).size == 10**5 + 9 * 10**5 * 10
    assert Space([gate, inner, Parameter("x", Float(0, 1))]).size is None
    assert Space([Parameter("k", X), Parameter("x", Float(0, 1), when("k", "==", "x"))]).size is None
    assert Space([Parameter("x", Float(1, 1)), Parameter("c", Constant(1))]).size == 1


# --- names -------------------------------------------------------------------------------------------


def test_nest_and_flatten() -> None:
    flat = {"a": 1, "m.w": 2, "m.h.k": [1, 2], "m.d": None}
    assert nest(flat) == {"a": 1, "m": {"w": 2, "h": {"k": [1, 2]}, "d": None}}
    assert flatten(nest(flat)) == flat
    assert flatten({"m": {"w": 1}, "m.d": 2}) == {"m.w": 1, "m.d": 2}
    for clash in ({"m": 1, "m.w": 2}, {"m.w": 2, "m": 1}, {"m.w": 1, "m.w.x": 2}):
        with pytest.raises(SpaceError, match="both a value and a group"):
            nest(clash)


@pytest.mark.parametrize(
    "data", [{}, [], {"parameters": [{}]}, {"parameters": [{"name": "a", "domain": 3}]}, {"parameters": None}]
)
def test_json_of_another_shape_is_refused(data: Any) -> None:
    with pytest.raises(SpaceError):
        Space.from_json(data)


def test_spaces_compare_by_what_they_hold() -> None:
    again = Space.from_json(SPACE.to_json())
    assert again == SPACE
    assert hash(again) == hash(SPACE)
    assert again != Space(SPACE.parameters)
    assert repr(Space([Parameter("a", X)])) == "Space(a)"
