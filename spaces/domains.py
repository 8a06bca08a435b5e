"""Domains: the values that one parameter may take, and their place on the unit interval.

Bounds are inclusive at both ends. `from_unit` of a uniform number in [0, 1] is a sample that is uniform in
the domain's own scale (linear, or logarithmic with `log`), and `from_unit(to_unit(v)) == v`: exactly for
discrete domains, to a relative 1e-12 (of the range, on a linear scale) for continuous ones.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, cast

import numpy as np

from spaces.errors import SpaceError, nearest
from spaces.lattice import Lattice
from spaces.values import Value, canonical, flag, listed, normal, number, whole

__all__ = ["Categorical", "Constant", "Domain", "Float", "Integer", "Ordinal"]

_SLACK = 1e-9  # how far from a bound or a lattice point, in ranges or steps, a float may lie and still be it


class Domain(ABC):
    """The values that one parameter may take. Final subclasses are frozen; equality is type-exact."""

    type: ClassVar[str]

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Number of distinct values; None when continuous."""

    @abstractmethod
    def from_unit(self, u: float) -> Value:
        """The value at u in [0, 1]. Raises SpaceError when u is NaN or outside."""

    @abstractmethod
    def to_unit(self, value: Value) -> float:
        """The place of a value in [0, 1]: the middle of its cell when discrete. Raises as `validate`."""

    @abstractmethod
    def validate(self, value: object) -> Value:
        """The value in its normal form (plain Python types, int as float for Float, snapped to the step).

        Raises:
            SpaceError: not a value of this domain; the text says the rule and what came.
        """

    @abstractmethod
    def grid(self, n: int) -> tuple[Value, ...]:
        """All values when discrete; n points, both ends included, evenly in scale, when continuous."""

    def sample(self, rng: np.random.Generator) -> Value:
        """One value, uniform in the domain's scale; takes exactly one number from `rng`."""
        return self.from_unit(rng.random())

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types that `Domain.from_json` reads back to an equal domain."""
        members = {each.name: listed(getattr(self, each.name)) for each in fields(cast(Any, self))}
        return {"type": self.type, **members}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Domain:
        """The domain that `to_json` wrote.

        Raises:
            SpaceError: an unknown type or member, or members that break the domain's rules.
        """
        members = dict(data)
        name = members.pop("type", None)
        domain = _DOMAINS.get(name) if isinstance(name, str) else None
        if domain is None:
            raise SpaceError(f"unknown domain type {name!r}{nearest(name, _DOMAINS)}")
        allowed = [each.name for each in fields(cast(Any, domain))]
        for member in members:
            if member not in allowed:
                raise SpaceError(f"{name}: unknown member {member!r}{nearest(member, allowed)}")
        try:
            return cast(Domain, domain(**members))
        except TypeError:
            raise SpaceError(f"{name}: needs {', '.join(allowed)}, got {', '.join(members)}") from None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Domain):
            return NotImplemented
        return canonical(self.to_json()) == canonical(other.to_json())

    def __hash__(self) -> int:
        return hash(canonical(self.to_json()))


@dataclass(frozen=True, eq=False)
class Float(Domain):
    """Numbers in [low, high]; with `step` only low, low + step, ..., high (decimal, as written).

    Args:
        low, high: finite, low <= high, both included; low > 0 with `log`.
        log: uniform in the logarithm.
        step: > 0; high must lie on the lattice that counts from low. With `log`, low > step / 2.

    Raises:
        SpaceError: any of the above does not hold.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    type: ClassVar[str] = "float"

    def __post_init__(self) -> None:
        low, high = float(number(self.low, "the lower bound")), float(number(self.high, "the upper bound"))
        step = None if self.step is None else float(number(self.step, "step"))
        for name, value in (("low", low), ("high", high), ("step", step), ("log", flag(self.log, "log"))):
            object.__setattr__(self, name, value)
        _check_bounds(low, high, self.log)
        if not math.isfinite(high - low):
            raise SpaceError(f"the bounds {low} and {high} are too far apart for a float")
        if step is not None:
            if step < 4 * math.ulp(max(abs(low), abs(high))):
                _check_step(step)
                raise SpaceError(f"step {step} is too small beside the bounds {low} and {high} for a float")
            _ = self.lattice

    @cached_property
    def lattice(self) -> Lattice | None:
        """The lattice of a stepped domain, None without a step."""
        if self.step is None:
            return None
        return _lattice(_written(self.low), _written(self.high), _written(self.step), self.log)

    @property
    def size(self) -> int | None:
        if self.lattice is not None:
            return self.lattice.count
        return 1 if self.low == self.high else None

    def from_unit(self, u: float) -> float:
        u = _unit(u)
        if self.lattice is not None:
            return self.point(self.lattice.index(u))
        if u == 0.0 or self.low == self.high:
            return self.low
        if u == 1.0:
            return self.high
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            value = math.exp(low + u * (high - low))
        else:
            value = self.low + u * (self.high - self.low)
        return min(max(value, self.low), self.high)

    def to_unit(self, value: Value) -> float:
        value = self.validate(value)
        if self.lattice is not None:
            return self.lattice.unit(self._nearest(value))
        if self.low == self.high:
            return 0.5
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            if low == high:  # neighbouring floats
                return 0.5
            return min(max((math.log(value) - low) / (high - low), 0.0), 1.0)
        return float((value - self.low) / (self.high - self.low))

    def validate(self, value: object) -> float:
        value = float(number(value, "the value"))
        # A float may leave its bounds by rounding (a logarithm and back): that is still the bound.
        slack = 1e-12 * max(abs(self.low), abs(self.high))
        if not self.low - slack <= value <= self.high + slack:
            raise SpaceError(f"must lie in [{self.low}, {self.high}], got {value}")
        if self.lattice is None:
            return min(max(value, self.low), self.high)
        point = self.point(self._nearest(value))
        if abs(point - value) > _SLACK * cast(float, self.step) + slack:
            raise SpaceError(
                f"must be {self.low} plus a multiple of {self.step}, got {value}; nearest is {point}"
            )
        return point

    def grid(self, n: int) -> tuple[float, ...]:
        if self.lattice is not None:
            return tuple(self.point(index) for index in range(self.lattice.count))
        if self.size == 1:
            return (self.low,)
        return tuple(self.from_unit(u) for u in _even(n))

    def point(self, index: int) -> float:
        """The value at a 0-based index of the lattice (only with a step)."""
        return float(_written(self.low) + index * _written(cast(float, self.step))) + 0.0

    def _nearest(self, value: float) -> int:
        index = round((_written(value) - _written(self.low)) / _written(cast(float, self.step)))
        return min(max(index, 0), cast(Lattice, self.lattice).count - 1)


@dataclass(frozen=True, eq=False)
class Integer(Domain):
    """Whole numbers low, low + step, ..., high.

    Args:
        low, high: whole, low <= high, both included; low >= 1 with `log`.
        log: value x has the probability of its cell [x - step/2, x + step/2] on a logarithmic axis.
        step: whole, >= 1; high must lie on the lattice that counts from low. With `log`, low > step / 2.

    Raises:
        SpaceError: any of the above does not hold, or there are more than 2**40 values.
    """

    low: int
    high: int
    log: bool = False
    step: int = 1
    type: ClassVar[str] = "integer"

    def __post_init__(self) -> None:
        low, high = whole(self.low, "the lower bound"), whole(self.high, "the upper bound")
        step = whole(self.step, "step")
        for name, value in (("low", low), ("high", high), ("step", step), ("log", flag(self.log, "log"))):
            object.__setattr__(self, name, value)
        _check_bounds(low, high, self.log)
        _ = self.lattice

    @cached_property
    def lattice(self) -> Lattice:
        """The lattice of the values."""
        return _lattice(Fraction(self.low), Fraction(self.high), Fraction(self.step), self.log)

    @property
    def size(self) -> int:
        return self.lattice.count

    def from_unit(self, u: float) -> int:
        return self.point(self.lattice.index(_unit(u)))

    def to_unit(self, value: Value) -> float:
        return self.lattice.unit((self.validate(value) - self.low) // self.step)

    def validate(self, value: object) -> int:
        value = whole(value, "the value")
        if not self.low <= value <= self.high:
            raise SpaceError(f"must lie in [{self.low}, {self.high}], got {value}")
        off = (value - self.low) % self.step
        if off:
            point = value - off if 2 * off <= self.step else value - off + self.step
            raise SpaceError(
                f"must be {self.low} plus a multiple of {self.step}, got {value}; nearest is {point}"
            )
        return value

    def grid(self, n: int) -> tuple[int, ...]:
        return tuple(range(self.low, self.high + 1, self.step))

    def point(self, index: int) -> int:
        """The value at a 0-based index of the lattice."""
        return self.low + index * self.step


@dataclass(frozen=True, eq=False)
class _Choices(Domain):
    """What Categorical and Ordinal share: a tuple of choices, each with an equal share of [0, 1]."""

    choices: tuple[Value, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", _choices(self.choices))

    @property
    def size(self) -> int:
        return len(self.choices)

    def from_unit(self, u: float) -> Value:
        return self.choices[self._lattice.index(_unit(u))]

    def to_unit(self, value: Value) -> float:
        return self._lattice.unit(self.index(value))

    def validate(self, value: object) -> Value:
        return self.choices[self.index(value)]

    def grid(self, n: int) -> tuple[Value, ...]:
        return self.choices

    def index(self, value: object) -> int:
        """The 0-based position of a choice. Raises as `validate`."""
        return _index(self.choices, self._places, value)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {canonical(choice): place for place, choice in enumerate(self.choices)}

    @cached_property
    def _lattice(self) -> Lattice:
        return Lattice(len(self.choices), Fraction(0), log=False)


class Categorical(_Choices):
    """One of several choices without an order, each equally likely.

    Args:
        choices: one or more values, distinct type-exactly: True, 1 and 1.0 are three choices.

    Raises:
        SpaceError: no choices, a repeated one, or one that is not a value.
    """

    type: ClassVar[str] = "categorical"


class Ordinal(_Choices):
    """One of several choices in a meaningful order, each equally likely.

    Args:
        choices: one or more values in their order, distinct type-exactly.

    Raises:
        SpaceError: no choices, a repeated one, or one that is not a value.
    """

    type: ClassVar[str] = "ordinal"


@dataclass(frozen=True, eq=False)
class Constant(Domain):
    """One fixed value: part of every config, never searched."""

    value: Value
    type: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", normal(self.value))

    @property
    def size(self) -> int:
        return 1

    def from_unit(self, u: float) -> Value:
        _unit(u)
        return self.value

    def to_unit(self, value: Value) -> float:
        self.validate(value)
        return 0.5

    def validate(self, value: object) -> Value:
        _index((self.value,), {canonical(self.value): 0}, value)
        return self.value

    def grid(self, n: int) -> tuple[Value, ...]:
        return (self.value,)


_DOMAINS: dict[str, Any] = {each.type: each for each in (Float, Integer, Categorical, Ordinal, Constant)}


def _check_bounds(low: float, high: float, log: bool) -> None:
    if low > high:
        raise SpaceError(f"the lower bound {low} exceeds the upper bound {high}")
    if log and low <= 0:
        raise SpaceError(f"a logarithmic scale needs a lower bound above 0, got {low}")


def _check_step(step: float | Fraction) -> None:
    if step <= 0:
        raise SpaceError(f"step must be more than 0, got {step}")


def _written(number: float) -> Fraction:
    """The decimal fraction that a float is written as: 0.1 is 1/10, so that three steps of it are 0.3."""
    return Fraction(repr(number))


def _lattice(low: Fraction, high: Fraction, step: Fraction, log: bool) -> Lattice:
    _check_step(step)
    steps = (high - low) / step
    if steps.denominator != 1:
        below = low + math.floor(steps) * step
        above = below + step
        shown = [str(int(x) if x.denominator == 1 else float(x)) for x in (low, step, high, below, above)]
        raise SpaceError(
            "the upper bound must be {} plus a multiple of the step {}, got {}; nearest are {} and {}".format(
                *shown
            )
        )
    return Lattice(int(steps) + 1, low / step, log)


def _unit(u: float) -> float:
    if not -_SLACK <= u <= 1 + _SLACK:
        raise SpaceError(f"a place on the unit interval must lie in [0, 1], got {u}")
    return min(max(float(u), 0.0), 1.0)


def _even(n: int) -> tuple[float, ...]:
    if n < 1:
        raise SpaceError(f"a grid needs at least 1 point, got {n}")
    return (0.5,) if n == 1 else tuple(index / (n - 1) for index in range(n))


def _choices(given: Iterable[object]) -> tuple[Value, ...]:
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise SpaceError(f"choices must be a list, got {given!r}")
    choices = tuple(normal(each) for each in given)
    if not choices:
        raise SpaceError("choices must have at least one value, got an empty list")
    seen: set[str] = set()
    for choice in choices:
        text = canonical(choice)
        if text in seen:
            raise SpaceError(f"choices must differ, got {choice!r} more than once")
        seen.add(text)
    return choices


def _index(choices: tuple[Value, ...], places: Mapping[str, int], value: object) -> int:
    value = normal(value)
    place = places.get(canonical(value))
    if place is not None:
        return place
    # 1 for the choice 1.0 (or the reverse) is what a reader of numbers makes of it: taken when unambiguous.
    if isinstance(value, int | float) and not isinstance(value, bool):
        equal = [i for i, each in enumerate(choices) if not isinstance(each, bool) and each == value]
        if len(equal) == 1:
            return equal[0]
    if len(choices) == 1:
        raise SpaceError(f"must be {choices[0]!r}, got {value!r}")
    raise SpaceError(f"must be one of its {len(choices)} choices, got {value!r}{nearest(value, choices)}")
