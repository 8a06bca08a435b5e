from __future__ import annotations

from typing import Any

import pytest

from spaces import Categorical, Condition, Constant, Domain, Float, Integer, Ordinal, SpaceError
from spaces.conditions import regions


@pytest.mark.parametrize(
    ("op", "value", "holds", "fails"),
    [
        ("==", "sgd", ["sgd"], ["adam", None]),
        ("==", 1, [1, 1.0], [True, 2, "1"]),
        ("==", True, [True], [1, 1.0, False]),
        ("==", None, [None], [False, 0, ""]),
        ("!=", "sgd", ["adam", None], ["sgd"]),
        ("in", ["a", 2], ["a", 2, 2.0], ["b", True]),
        ("<", 3, [2, 2.9, -1], [3, 4, "2", None, False]),
        ("<=", 3, [3, 3.0], [3.1]),
        (">", 3, [3.1], [3, "4"]),
        (">=", 3, [3, 10**20], [2.9]),
        ("==", (64, 64), [(64, 64)], [(64,), 64]),
    ],
)
def test_a_condition_holds_for_these_and_not_for_those(
    op: str, value: Any, holds: list[Any], fails: list[Any]
) -> None:
    condition = Condition("x", op, value)
    assert [each for each in holds if not condition.holds(each)] == []
    assert [each for each in fails if condition.holds(each)] == []


@pytest.mark.parametrize(
    ("op", "value", "says"),
    [
        ("=", 1, "must be one of == != in < <= > >=, got '='"),
        ("in", [], "non-empty list, got ()"),
        ("in", "ab", "non-empty list, got 'ab'"),
        ("<", "3", "needs a number, got '3'"),
        (">=", True, "needs a number, got True"),
        ("==", {"a": 1}, "of type dict"),
    ],
)
def test_a_wrong_condition_is_refused(op: str, value: Any, says: str) -> None:
    with pytest.raises(SpaceError) as refused:
        Condition("x", op, value)
    assert says in str(refused.value)


def test_one_value_in_a_list_is_equality() -> None:
    assert Condition("x", "in", [3]) == Condition("x", "==", 3)
    assert Condition("x", "==", True) != Condition("x", "==", 1)


@pytest.mark.parametrize(
    "data", [{}, {"parent": "a", "op": "=="}, {"parent": "a", "op": "==", "value": 1, "or": 2}]
)
def test_json_of_another_shape_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(SpaceError, match=r"missing|unknown member"):
        Condition.from_json(data)


@pytest.mark.parametrize(
    ("domain", "condition", "says"),
    [
        (Categorical(["sgd", "adam"]), Condition("opt", "==", "sdg"), "opt is never 'sdg'.*did you mean sgd"),
        (Categorical(["sgd", "adam"]), Condition("opt", "in", ["sgd", "adma"]), "opt is never 'adma'.*adam"),
        (Categorical(["sgd", "adam"]), Condition("opt", ">", 3), "not all numbers; list the values"),
        (Ordinal(["s", "m"]), Condition("size", ">=", 1), "not all numbers"),
        (Integer(1, 9), Condition("n", "==", 10), r"n is never 10: it must lie in \[1, 9\]"),
        (Integer(1, 9), Condition("n", ">", 9), "n > 9 never holds: its values are 1 to 9"),
        (Float(0, 1), Condition("x", "<", 0), "never holds: its values are 0.0 to 1.0"),
        (Ordinal([1, 2, 4]), Condition("k", ">", 4), "never holds: its values are 1, 2, 4"),
    ],
)
def test_a_condition_that_no_value_meets_is_refused(domain: Domain, condition: Condition, says: str) -> None:
    with pytest.raises(SpaceError, match=says):
        condition.check(domain)


def test_a_constant_parent_may_switch_a_branch_off() -> None:
    Condition("opt", "==", "sgd").check(Constant("adam"))


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        (Integer(1, 2**39, step=1), None),
        (Integer(-20, 300, step=5), range(-20, 301, 5)),
        (Float(0.0, 5.0, step=0.5), [k / 2 for k in range(11)]),
        (Ordinal([3, 1, 2]), [3, 1, 2]),
        (Categorical(["a", 1, None]), ["a", 1, None]),
    ],
    ids=str,
)
def test_regions_count_the_values_that_conditions_cannot_tell_apart(domain: Domain, values: Any) -> None:
    conditions = [
        Condition("x", "<", 3),
        Condition("x", ">=", 2.2),
        Condition("x", "in", [1, 5, 100]),
        Condition("x", "!=", 0.5),
        Condition("x", ">", 10**6),
    ]
    found = regions(domain, conditions)
    assert sum(region.count or 0 for region in found) == domain.size
    for condition in conditions:
        counted = sum(region.count or 0 for region in found if condition.holds(region.value))
        if values is not None:
            assert counted == sum(map(condition.holds, values))
    if values is None:
        assert [sum(r.count or 0 for r in found if c.holds(r.value)) for c in conditions] == [
            2,
            2**39 - 2,
            3,
            2**39,
            2**39 - 10**6,
        ]


def test_regions_of_a_continuous_domain_separate_every_cut() -> None:
    conditions = [Condition("x", "<=", 0.5), Condition("x", "!=", 0.25), Condition("x", ">", 7)]
    found = regions(Float(0, 1), conditions)
    assert {region.count for region in found} == {None}
    assert {tuple(c.holds(r.value) for c in conditions) for r in found} == {
        (True, True, False),
        (True, False, False),
        (False, True, False),
    }
