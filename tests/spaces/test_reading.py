from __future__ import annotations

from typing import Any

import numpy as np
import pytest

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
    parse_parameters,
    spell_parameters,
)


def domain(leaf: Any) -> Any:
    return parse_parameters({"x": leaf}).parameters[0].domain


def refused(mapping: Any, constraints: Any = ()) -> SpaceError:
    with pytest.raises(SpaceError) as caught:
        parse_parameters(mapping, constraints=constraints)
    return caught.value


# --- leaves ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leaf", "means"),
    [
        ({"min": 1, "max": 9}, Integer(1, 9)),
        ({"min": 1, "max": 9.0}, Float(1, 9)),
        ({"min": 0.0, "max": 1.0}, Float(0, 1)),
        ({"min": 16, "max": 256, "step": 16}, Integer(16, 256, step=16)),
        ({"min": 0, "max": 1, "step": 0.25}, Float(0, 1, step=0.25)),
        ({"min": 1, "max": 64, "log": True}, Integer(1, 64, log=True)),
        ({"min": 1e-5, "max": 1e-1, "log": True}, Float(1e-5, 1e-1, log=True)),
        ({"min": 1, "max": 2, "log": False, "step": None}, Integer(1, 2)),
        ({"values": [1, 2.5, "a", None, True]}, Categorical([1, 2.5, "a", None, True])),
        ({"values": [[64], [64, 64]]}, Categorical([(64,), (64, 64)])),
        ({"values": [1, 2, 4], "ordered": True}, Ordinal([1, 2, 4])),
        ({"values": [1, 2], "ordered": False}, Categorical([1, 2])),
        ({"value": 3}, Constant(3)),
        ({"value": None}, Constant(None)),
        ({"value": [64, 64]}, Constant((64, 64))),
        (20, Constant(20)),
        ("adam", Constant("adam")),
        (False, Constant(False)),
        (Float(0, 1), Float(0, 1)),
        ({"min": np.float64(0.5), "max": np.int64(2)}, Float(0.5, 2)),
    ],
)
def test_a_leaf_means_a_domain(leaf: Any, means: Any) -> None:
    assert domain(leaf) == means


@pytest.mark.parametrize(
    ("leaf", "means"),
    [
        ({"distribution": "uniform", "min": 0, "max": 1}, Float(0, 1)),
        ({"distribution": "int_uniform", "min": 0, "max": 9}, Integer(0, 9)),
        ({"distribution": "q_uniform", "min": 0, "max": 10, "q": 2}, Integer(0, 10, step=2)),
        ({"distribution": "q_uniform", "min": 0, "max": 10}, Integer(0, 10)),
        ({"distribution": "q_uniform", "min": 0.3, "max": 0.9, "q": 0.1}, Float(0.3, 0.9, step=0.1)),
        ({"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1}, Float(1e-5, 0.1, log=True)),
        ({"distribution": "log_uniform_values", "min": 16, "max": 256}, Float(16, 256, log=True)),
        (
            {"distribution": "q_log_uniform_values", "min": 16, "max": 256, "q": 8},
            Integer(16, 256, log=True, step=8),
        ),
        ({"distribution": "categorical", "values": ["a", "b"]}, Categorical(["a", "b"])),
        ({"distribution": "constant", "value": 3}, Constant(3)),
    ],
)
def test_wandb_distributions_that_mean_the_same_are_read(leaf: Any, means: Any) -> None:
    assert domain(leaf) == means


@pytest.mark.parametrize(
    ("leaf", "path", "says"),
    [
        ({"distribution": "log_uniform", "min": -9, "max": -1}, ("distribution",), "exponents of e"),
        (
            {"distribution": "q_log_uniform", "min": -9, "max": -1},
            ("distribution",),
            "write distribution: log_uniform_values",
        ),
        (
            {"distribution": "inv_log_uniform_values", "min": 0.1, "max": 1},
            ("distribution",),
            "no inverse scale",
        ),
        ({"distribution": "normal", "mu": 0, "sigma": 1}, ("distribution",), "every domain here is bounded"),
        ({"distribution": "q_beta"}, ("distribution",), "bounded"),
        (
            {"distribution": "log_uniform_value", "min": 1, "max": 2},
            ("distribution",),
            "did you mean log_uniform_values",
        ),
        ({"distribution": ["uniform"], "min": 1, "max": 2}, ("distribution",), "unknown distribution"),
        ({"distribution": "uniform", "values": [1]}, ("distribution",), "uniform does not go with values"),
        ({"distribution": "categorical", "min": 1, "max": 2}, ("min",), "unknown key 'min' in a categorical"),
        ({"distribution": "constant", "min": 1}, ("min",), "unknown key 'min' in a constant"),
        ({"distribution": "uniform", "min": 1}, (), "max is missing"),
        ({"values": [1, 2], "probabilities": [0.1, 0.9]}, ("probabilities",), "equally likely"),
        ({"distribution": "q_uniform", "min": 1, "max": 10, "q": 3}, ("min",), "min 1 is not one of 3"),
        ({"distribution": "q_uniform", "min": 0, "max": 9, "step": 3}, ("step",), "has q, not step"),
        ({"min": 0, "max": 9, "q": 3}, ("q",), "here write step"),
        ({"distribution": "log_uniform_values", "min": 1, "max": 9, "log": False}, ("log",), "contradicts"),
        ({"min": 0, "mx": 1}, ("mx",), "unknown key 'mx' in a range (did you mean max?)"),
        ({"min": 0, "high": 1}, ("high",), "did you mean max?"),
        ({"values": [1], "orderd": True}, ("orderd",), "did you mean ordered"),
        ({"value": 1, "step": 1}, ("step",), "unknown key 'step' in a constant"),
        ({"min": 1, "values": [1]}, ("min",), "both values and min: keep one"),
        ({"max": 1, "value": 1}, ("max",), "both value and max"),
        ({"min": "1e-5", "max": 1}, ("min",), "got the text '1e-5': write it without quotes"),
        ({"min": 0, "max": True}, ("max",), "max must be a number, got True"),
        ({"min": 0, "max": [1]}, ("max",), "max must be a number, got (1,)"),
        ({"min": None, "max": 1}, ("min",), "min must be a number, got None"),
        ({"min": 0, "max": float("inf")}, (), "finite, got inf"),
        ({"min": 3, "max": 1}, (), "lower bound 3 exceeds the upper bound 1"),
        ({"min": 0, "max": 1, "log": True}, (), "above 0"),
        ({"min": 0, "max": 1, "log": 1}, ("log",), "log must be true or false, got 1"),
        ({"min": 1, "max": 10, "step": 4}, (), "nearest are 9 and 13"),
        ({"min": 1, "max": 10, "step": "4"}, ("step",), "step must be a number"),
        ({"values": []}, ("values",), "at least one"),
        ({"values": "adam"}, ("values",), "must be a list"),
        ({"values": [1, 1]}, ("values",), "more than once"),
        ({"values": [1], "ordered": "yes"}, ("ordered",), "true or false"),
        ({"value": {"min": 0}}, ("value",), "must not be a mapping"),
        ({"min": 0, "max": 1, "role": "main"}, (), "unknown role 'main'"),
        ({"mn": 0, "mx": 1}, (), "has none of min, max, values, value, distribution, only mn, mx"),
        ({"low": 0, "high": 1, "log": True}, (), "write {min: .., max: ..}"),
        ({"choices": [1, 2]}, (), "has none of"),
        ({}, (), "has no parameters"),
        ({"parameters": 3}, ("parameters",), "must be a mapping of names, got 3"),
        (None, (), "write {value: null}"),
        ([1, 2], (), "write {values: [..]} or {value: [..]}"),
        ([], (), "a bare list says too little"),
        ([{"min": 0, "max": 1}, 3], (), "a bare list says too little"),
        ({3: 4}, (), "a name must be a string, got 3"),
        (object(), (), "of type object"),
        ({"values": ["\ud800"]}, ("values",), "encodable as UTF-8"),
        ({"min": 0, "max": 1, "when": "sgd"}, ("when",), "when must be a mapping"),
        ({"min": 0, "max": 1, "when": {}}, ("when",), "when must be a mapping"),
        (
            {"min": 0, "max": 1, "when": {"opt": {"a": 1}}},
            ("when", "opt"),
            "write a value, a list of values or a comparison",
        ),
        ({"min": 0, "max": 1, "when": {"opt": "> adam"}}, ("when", "opt"), "needs a number, got 'adam'"),
        ({"min": 0, "max": 1, "when": {"opt": []}}, ("when", "opt"), "non-empty list"),
        (
            {"min": 0, "max": 1, "when": {"otp": "sgd"}},
            ("when", "otp"),
            "names no parameter: 'otp' (did you mean opt?)",
        ),
        ({"min": 0, "max": 1, "when": {"opt": "sdg"}}, ("when", "opt"), "opt is never 'sdg'"),
    ],
)
def test_a_wrong_entry_is_refused_in_its_place(leaf: Any, path: tuple[str, ...], says: str) -> None:
    error = refused({"opt": {"values": ["sgd", "adam"]}, "x": leaf})
    assert says in str(error)
    assert error.path == ("x", *path)
    assert error.where.startswith("x")


def test_all_wrong_entries_are_told_at_once() -> None:
    error = refused({"a": {"min": 1}, "b": {"c": None, "d": [1]}, "e": 3})
    assert [each.path for each in error.problems] == [("a",), ("b", "c"), ("b", "d")]
    assert "3 problems" in str(error)


def test_constraints_are_told_by_position_and_column() -> None:
    error = refused({"a": {"min": 1, "max": 3}}, ["a < 2", "a + < 2", "aa > 1"])
    assert [(each.constraint, each.column, each.path) for each in error.problems] == [(1, 5, ()), (2, 1, ())]


# --- groups, branches, conditions --------------------------------------------------------------------


def test_groups_nest_names_and_their_conditions_reach_all_members() -> None:
    space = parse_parameters(
        {
            "arch": {"values": ["cnn", "mlp"]},
            "cnn": {
                "when": {"arch": "cnn"},
                "depth": {"min": 1, "max": 4},
                "head": {"when": {"depth": ">= 2"}, "width": {"min": 8, "max": 16}, "act": "relu"},
            },
        }
    )
    found = {each.name: each.when for each in space.parameters}
    cnn, deep = Condition("arch", "==", "cnn"), Condition("cnn.depth", ">=", 2)
    assert found == {
        "arch": (),
        "cnn.depth": (cnn,),
        "cnn.head.width": (cnn, deep),
        "cnn.head.act": (cnn, deep),
    }


def test_a_parent_is_looked_up_among_siblings_first_and_then_outwards() -> None:
    space = parse_parameters(
        {
            "kind": {"values": [1, 2]},
            "m": {"kind": {"values": [3, 4]}, "a": {"min": 0, "max": 1, "when": {"kind": 3}}},
            "n": {
                "b": {"min": 0, "max": 1, "when": {"kind": 1}},
                "c": {"min": 0, "max": 1, "when": {"m.kind": 4}},
            },
        }
    )
    parents = {each.name: each.when[0].parent for each in space.parameters if each.when}
    assert parents == {"m.a": "m.kind", "n.b": "kind", "n.c": "m.kind"}


@pytest.mark.parametrize(
    ("wanted", "op", "value"),
    [
        ("sgd", "==", "sgd"),
        (["sgd", "adam"], "in", ("sgd", "adam")),
        (["sgd"], "==", "sgd"),
        ("!= sgd", "!=", "sgd"),
        ("!='sgd'", "!=", "sgd"),
        ([">= 3"], "==", ">= 3"),
        ("== null", "==", None),
        ("!= true", "!=", True),
        ("!= 'true'", "!=", "true"),
        (None, "==", None),
        (True, "==", True),
    ],
)
def test_the_spellings_of_a_condition(wanted: Any, op: str, value: Any) -> None:
    choices = ["sgd", "adam", ">= 3", None, True, "true"]
    space = parse_parameters({"opt": {"values": choices}, "x": {"min": 0, "max": 1, "when": {"opt": wanted}}})
    assert space.parameters[1].when == (Condition("opt", op, value),)


@pytest.mark.parametrize(
    ("wanted", "op", "value"),
    [
        (">= 3", ">=", 3),
        ("<4.5", "<", 4.5),
        (">1e0", ">", 1.0),
        ("<=  7", "<=", 7),
        ("!= 3", "!=", 3),
        (3, "==", 3),
    ],
)
def test_the_spellings_of_a_comparison(wanted: Any, op: str, value: Any) -> None:
    space = parse_parameters({"n": {"min": 1, "max": 9}, "x": {"min": 0, "max": 1, "when": {"n": wanted}}})
    assert space.parameters[1].when == (Condition("n", op, value),)


def test_several_conditions_on_one_parent_are_a_list() -> None:
    mapping = {"n": {"min": 1, "max": 9}, "x": {"min": 0, "max": 1, "when": [{"n": ">= 3"}, {"n": "< 5"}]}}
    space = parse_parameters(mapping)
    assert space.parameters[1].when == (Condition("n", ">=", 3), Condition("n", "<", 5))
    assert spell_parameters(space) == mapping
    error = refused({**mapping, "y": {"min": 0, "max": 1, "when": [{"n": 3}, {"n": "> x"}]}})
    assert error.path == ("y", "when", 1, "n")


def test_branches_of_one_name() -> None:
    mapping = {
        "opt": {"values": ["sgd", "adam"]},
        "decay": [{"min": 0.0, "max": 0.1, "when": {"opt": "sgd"}}, {"value": 0.5, "when": {"opt": "adam"}}],
    }
    space = parse_parameters(mapping)
    assert [each.key for each in space.parameters] == ["opt", "decay[opt=sgd]", "decay[opt=adam]"]
    assert spell_parameters(space) == mapping


def test_wandb_nesting_and_roles() -> None:
    space = parse_parameters(
        {
            "optimizer": {
                "parameters": {
                    "lr": {"min": 0.1, "max": 1.0, "role": "nuisance"},
                    "kind": {"value": "adam", "role": "fixed"},
                }
            }
        }
    )
    assert [(each.name, each.role) for each in space.parameters] == [
        ("optimizer.lr", "nuisance"),
        ("optimizer.kind", "fixed"),
    ]


def test_a_group_may_have_members_named_like_other_words() -> None:
    space = parse_parameters(
        {"m": {"steps": 3, "mean": 0.5, "log": 2}, "parameters": {"step": 3, "a": {"value": 1}}}
    )
    assert space.names == ("m.steps", "m.mean", "m.log", "parameters.step", "parameters.a")


def test_dotted_names_and_groups_are_one_spelling() -> None:
    dotted = parse_parameters({"m.w": {"min": 1, "max": 2}, "m.d": 3})
    assert dotted == parse_parameters({"m": {"w": {"min": 1, "max": 2}, "d": 3}})


def test_the_order_is_that_of_the_file() -> None:
    assert parse_parameters({"z": 1, "a": 2, "m": {"y": 3, "b": 4}}).names == ("z", "a", "m.y", "m.b")


def test_what_a_sweep_file_cannot_say_is_refused_when_spelled() -> None:
    space = Space(
        [Parameter("a", Categorical([[1], [2]])), Parameter("b", Constant(1), (Condition("a", "!=", [1]),))]
    )
    with pytest.raises(SpaceError, match="cannot say"):
        spell_parameters(space)
