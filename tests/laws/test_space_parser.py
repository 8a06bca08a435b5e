"""Laws of the constraint parser: whatever the text, a truth or a SpaceError; and Python's own meaning."""

from __future__ import annotations

import math
import operator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.space_strategies import patient
from spaces import Constraint, SpaceError

NAMES = {"a": 3, "b": -2.5, "c.d": 7, "s": "adam", "t": True, "n": None, "l": (1, 2)}
PIECES = [
    *NAMES,
    *"()[],+-*/%<>=!'\"",
    "**",
    "//",
    "==",
    "<=",
    "in",
    "not",
    "and",
    "or",
    "min",
    "log",
    "1",
    "2.5e3",
    " ",
]


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join))
@example("__import__('os').system('true')")
@example("a.__class__.__mro__")
@example("(lambda: a)() > 1")
@example("a if a else b")
@example("9**9**9**9 > 1")
@example("a**64**64 > 1")
@example("((" * 500 + "a" + "))" * 500 + " > 1")
@example("-" * 1900 + "a > 1")
@example("not " * 400 + "t")
@example("a" + "+a" * 900 + " > 1")
@example("a" + "**a" * 600 + " > 1")
@example("1" * 1999)
@example("1e999 > a")
@example("a == '\\x00'")
@example("a <= ²")
@example("\x00")
@example("")
@patient
def test_any_text_holds_or_not_or_is_refused(text: str) -> None:
    refused, phase = None, "reading"
    try:
        constraint = Constraint(text)
        phase = "judging"
        assert constraint.holds(NAMES) in (True, False)
    except SpaceError as error:
        refused = error
    if refused is not None:
        assert refused.column is not None
        assert 1 <= refused.column <= len(text) + 1
        assert phase == "reading" or "needs" in str(refused) or "must be true or false" in str(refused)


numbers = st.integers(-50, 50) | st.floats(-50, 50, allow_nan=False).map(lambda x: round(x, 3))
leaves = numbers.map(repr) | st.sampled_from(["a", "b", "c.d"])
sums = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("-{}".format),
        st.tuples(inner, inner).map("min({0[0]}, {0[1]})".format),
        inner.map("abs({})".format),
        inner.map("{} ** 2".format),
    ),
    max_leaves=8,
)
truths = st.recursive(
    st.tuples(sums, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), sums).map(" ".join)
    | st.tuples(sums, st.sampled_from(["in", "not in"]), sums, sums).map(
        "{0[0]} {0[1]} [{0[2]}, {0[3]}]".format
    )
    | st.tuples(sums, sums, sums).map("{0[0]} < {0[1]} <= {0[2]}".format),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map("not ({})".format),
    ),
    max_leaves=4,
)


@given(truths)
@patient
def test_an_expression_means_what_it_means_in_python(text: str) -> None:
    names: dict[str, Any] = {"a": 3, "b": -2.5, "c": type("Group", (), {"d": 7})}
    try:
        # The oracle: texts come from the strategy above and hold nothing but arithmetic.
        expected = eval(text, {"__builtins__": {}, "min": min, "abs": abs}, names)  # noqa: S307
    except (ZeroDivisionError, OverflowError):
        expected = False
    assert Constraint(text).holds({"a": 3, "b": -2.5, "c.d": 7}) == expected


@given(
    st.integers(-1000, 1000),
    st.integers(1, 1000),
    st.sampled_from([("//", operator.floordiv), ("%", operator.mod)]),
)
@patient
def test_floor_division_and_remainder_go_together(a: int, b: int, op: Any) -> None:
    assert Constraint(f"a {op[0]} b == {op[1](a, b)}").holds({"a": a, "b": b})


@pytest.mark.parametrize("function", ["exp", "sqrt", "log", "floor", "ceil"])
@given(x=st.floats(0.01, 20))
@patient
def test_functions_are_those_of_math(function: str, x: float) -> None:
    assert Constraint(f"{function}(x) == {getattr(math, function)(x)!r}").holds({"x": x})
