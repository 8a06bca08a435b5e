"""Conditions: when a parameter takes part, said about the value of another one."""

from __future__ import annotations

import bisect
import itertools
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spaces.domains import Constant, Domain, Float, Integer
from spaces.errors import SpaceError, nearest
from spaces.values import Value, canonical, listed, normal, same

__all__ = ["Condition", "Region", "regions"]

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPS = ("==", "!=", "in", *_ORDERED)


@dataclass(frozen=True, eq=False)
class Condition:
    """`parent op value`, e.g. `Condition("optimizer", "==", "sgd")`.

    Args:
        parent: the full name of another parameter.
        op: one of ==, !=, in, <, <=, >, >=.
        value: a value; for `in` a non-empty list of them (of one: kept as ==); for the ordering ones a number.
            Whole numbers equal their floats here (1 is 1.0), but never True; numbers are ordered as numbers,
            also among an Ordinal's choices.

    Raises:
        SpaceError: an unknown op, or a value of the wrong type for it.
    """

    parent: str
    op: str
    value: Value

    def __post_init__(self) -> None:
        if self.op not in _OPS:
            raise SpaceError(f"a condition's operator must be one of {' '.join(_OPS)}, got {self.op!r}")
        value = normal(self.value)
        if self.op == "in" and (not isinstance(value, tuple) or not value):
            raise SpaceError(f"a condition with `in` needs a non-empty list, got {value!r}")
        if self.op in _ORDERED and not _is_number(value):
            raise SpaceError(f"a condition with {self.op} needs a number, got {value!r}")
        if self.op == "in" and len(value) == 1:
            object.__setattr__(self, "op", "==")
            value = value[0]
        object.__setattr__(self, "value", value)

    def holds(self, value: Value) -> bool:
        """Whether the condition is met when the parent has this (normal) value."""
        if self.op == "==":
            return _equal(value, self.value)
        if self.op == "!=":
            return not _equal(value, self.value)
        if self.op == "in":
            return any(_equal(value, each) for each in self.value)
        return _is_number(value) and _ORDERED[self.op](value, self.value)

    def check(self, domain: Domain) -> None:
        """Refuse a condition that could never hold for a parent with this domain.

        Raises:
            SpaceError: a value that is not in the domain, or an order asked of something without numbers.
        """
        if isinstance(domain, Constant):
            return  # fixing a parent to one value is how a branch is switched off
        if self.op in _ORDERED:
            choices = domain.grid(1) if not isinstance(domain, Float | Integer) else ()
            if not all(map(_is_number, choices)):
                raise SpaceError(
                    f"{self.parent} {self.op} {self.value!r}: {self.parent} is {domain.type} and not all numbers; "
                    "list the values that meet the condition instead"
                )
            if not any(self.holds(region.value) for region in regions(domain, (self,))):
                raise SpaceError(
                    f"{self.parent} {self.op} {self.value!r} never holds: its values are {_span(domain)}"
                )
            return
        for value in self.value if self.op == "in" else (self.value,):
            try:
                domain.validate(value)
            except SpaceError as error:
                raise SpaceError(f"{self.parent} is never {value!r}: it {error}") from None

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types that `Condition.from_json` reads back."""
        return {"parent": self.parent, "op": self.op, "value": listed(self.value)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Condition:
        """The condition that `to_json` wrote. Raises SpaceError for other members or wrong ones."""
        members = ("parent", "op", "value")
        for member in data:
            if member not in members:
                raise SpaceError(f"condition: unknown member {member!r}{nearest(member, members)}")
        if missing := [member for member in members if member not in data]:
            raise SpaceError(f"condition: {', '.join(missing)} missing")
        return Condition(data["parent"], data["op"], data["value"])

    def __str__(self) -> str:
        if self.op == "==":
            return f"{self.parent}={_shown(self.value)}"
        if self.op == "in":
            return f"{self.parent}={'|'.join(map(_shown, self.value))}"
        return f"{self.parent}{self.op}{_shown(self.value)}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and canonical(self.to_json()) == canonical(other.to_json())

    def __hash__(self) -> int:
        return hash(canonical(self.to_json()))


@dataclass(frozen=True)
class Region:
    """Values of a domain that some conditions cannot tell apart: one of them, and how many there are."""

    value: Value
    count: int | None  # None: infinitely many


def regions(domain: Domain, conditions: Sequence[Condition]) -> list[Region]:
    """The domain cut into regions on each of which every one of the conditions is constant."""
    if not isinstance(domain, Float | Integer):
        return [Region(value, 1) for value in domain.grid(1)]
    cuts = sorted({each for condition in conditions for each in _thresholds(condition)})
    if domain.lattice is None:
        return _continuous_regions(domain, cuts)
    return _lattice_regions(domain, cuts)


def _continuous_regions(domain: Float | Integer, cuts: Sequence[float]) -> list[Region]:
    """Each cut is a region of its own, and so is each open interval between neighbours."""
    low, high = float(domain.low), float(domain.high)
    if low == high:
        return [Region(domain.low, 1)]
    points = [low, *(cut for cut in cuts if low < cut < high), high]
    between = [Region((a + b) / 2, None) for a, b in itertools.pairwise(points)]
    return [*(Region(point, None) for point in points), *between]


def _lattice_regions(domain: Float | Integer, cuts: Sequence[float]) -> list[Region]:
    """As the continuous ones, in whole indices: the points at a cut, and the runs between them."""
    assert domain.lattice is not None
    count = domain.lattice.count

    at: set[int] = {0, count}
    for cut in cuts:
        place = bisect.bisect_left(range(count), cut, key=domain.point)
        at.add(place)
        if place < count and domain.point(place) == cut:
            at.add(place + 1)
    edges = sorted(at)
    return [Region(domain.point(a), b - a) for a, b in itertools.pairwise(edges)]


def _thresholds(condition: Condition) -> list[float]:
    values = condition.value if condition.op == "in" else (condition.value,)
    return [value for value in values if _is_number(value)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(a: Value, b: Value) -> bool:
    return same(a, b) or (_is_number(a) and _is_number(b) and bool(a == b))


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else canonical(value)


def _span(domain: Domain) -> str:
    if isinstance(domain, Float | Integer):
        return f"{domain.low} to {domain.high}"
    return ", ".join(map(repr, domain.grid(1)))
