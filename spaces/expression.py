"""The tree of a constraint: what its nodes mean, and which kinds of values they accept.

Arithmetic is on numbers only, order on two numbers or two strings, logic on truths only. An expression is
*undefined* where a number is (division by zero, logarithm of 0, a result beyond 2**512).
"""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from spaces.values import Value

__all__ = [
    "FUNCTIONS",
    "Arithmetic",
    "Call",
    "Comparison",
    "Expression",
    "Items",
    "Kind",
    "KindError",
    "Literal_",
    "Logic",
    "Name",
    "Negative",
    "Not",
    "Undefined",
    "kind_of",
]

Kind = Literal["number", "string", "truth", "none", "list"]
Number = int | float

_LARGEST_BITS = 512  # whole numbers beyond 2**512 are refused before they eat the memory


class Undefined(ArithmeticError):
    """The expression has no value at this config."""


class KindError(Exception):
    """An operator met a kind of value that it does not take. `column` is 1-based."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


def kind_of(value: Value) -> Kind:
    """The kind of a normal value."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "list"


@dataclass(frozen=True)
class Expression(ABC):
    """A node; `column` is where its operator or first character stands in the text (1-based)."""

    column: int

    @abstractmethod
    def value(self, config: Mapping[str, Value]) -> Value:
        """The value at a config that has every name. Raises Undefined and KindError."""

    @abstractmethod
    def parts(self) -> tuple[Expression, ...]:
        """The nodes directly below."""

    def names(self) -> Iterator[Name]:
        """The names below, from left to right, repeated as often as they stand there."""
        if isinstance(self, Name):
            yield self
        for part in self.parts():
            yield from part.names()

    def _expect(self, kind: Kind, value: Value, role: str) -> Any:
        if kind_of(value) != kind:
            raise KindError(f"{role} needs a {kind}, got the {kind_of(value)} {value!r}", self.column)
        return value


@dataclass(frozen=True)
class Literal_(Expression):  # noqa: N801 (typing's Literal is used beside it)
    """A number, string, true, false or none as written."""

    content: Value

    def value(self, config: Mapping[str, Value]) -> Value:
        return self.content

    def parts(self) -> tuple[Expression, ...]:
        return ()


@dataclass(frozen=True)
class Name(Expression):
    """The value of a parameter."""

    name: str

    def value(self, config: Mapping[str, Value]) -> Value:
        return config[self.name]

    def parts(self) -> tuple[Expression, ...]:
        return ()


@dataclass(frozen=True)
class Items(Expression):
    """`[a, b, c]`, right of `in`."""

    items: tuple[Expression, ...]

    def value(self, config: Mapping[str, Value]) -> Value:
        return tuple(item.value(config) for item in self.items)

    def parts(self) -> tuple[Expression, ...]:
        return self.items


@dataclass(frozen=True)
class Negative(Expression):
    """`-a`."""

    operand: Expression

    def value(self, config: Mapping[str, Value]) -> Value:
        return -self._expect("number", self.operand.value(config), "-")

    def parts(self) -> tuple[Expression, ...]:
        return (self.operand,)


@dataclass(frozen=True)
class Arithmetic(Expression):
    """`a op b` with op one of + - * / // % **; results as Python's."""

    op: str
    left: Expression
    right: Expression

    def value(self, config: Mapping[str, Value]) -> Value:
        left = self._expect("number", self.left.value(config), self.op)
        right = self._expect("number", self.right.value(config), self.op)
        return _number(_ARITHMETIC[self.op], left, right)

    def parts(self) -> tuple[Expression, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Call(Expression):
    """A function of numbers: see FUNCTIONS."""

    function: str
    arguments: tuple[Expression, ...]

    def value(self, config: Mapping[str, Value]) -> Value:
        values = [self._expect("number", each.value(config), self.function) for each in self.arguments]
        return _number(FUNCTIONS[self.function][0], *values)

    def parts(self) -> tuple[Expression, ...]:
        return self.arguments


@dataclass(frozen=True)
class Comparison(Expression):
    """`a < b <= c`: every neighbouring pair must hold. Numbers compare as numbers, True is not 1."""

    ops: tuple[str, ...]
    operands: tuple[Expression, ...]

    def value(self, config: Mapping[str, Value]) -> Value:
        left = self.operands[0].value(config)
        for op, operand in zip(self.ops, self.operands[1:], strict=True):
            right = operand.value(config)
            if not self._compare(op, left, right):
                return False
            left = right
        return True

    def parts(self) -> tuple[Expression, ...]:
        return self.operands

    def _compare(self, op: str, left: Value, right: Value) -> bool:
        if op in _EQUALITY:
            return _equal(left, right) is (op == "==")
        if op in _MEMBERSHIP:
            return any(_equal(left, each) for each in self._expect("list", right, op)) is (op == "in")
        kinds = (kind_of(left), kind_of(right))
        if kinds not in (("number", "number"), ("string", "string")):
            raise KindError(
                f"{op} needs two numbers or two strings, got the {kinds[0]} {left!r} and the {kinds[1]} {right!r}",
                self.column,
            )
        return bool(_ORDER[op](left, right))


@dataclass(frozen=True)
class Logic(Expression):
    """`a and b`, `a or b`: the right side is looked at only where the left leaves it open."""

    op: Literal["and", "or"]
    left: Expression
    right: Expression

    def value(self, config: Mapping[str, Value]) -> Value:
        left = self._expect("truth", self.left.value(config), self.op)
        if left is (self.op == "or"):
            return left
        return self._expect("truth", self.right.value(config), self.op)

    def parts(self) -> tuple[Expression, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Not(Expression):
    """`not a`."""

    operand: Expression

    def value(self, config: Mapping[str, Value]) -> Value:
        return not self._expect("truth", self.operand.value(config), "not")

    def parts(self) -> tuple[Expression, ...]:
        return (self.operand,)


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0:
        if base.bit_length() * exponent > 2 * _LARGEST_BITS:
            raise Undefined(f"{base} ** {exponent} is too large")
        return int(base**exponent)
    power = base**exponent
    if isinstance(power, complex):
        raise Undefined(f"{base} ** {exponent} is not a real number")
    return float(power)


def _number(function: Callable[..., Any], *values: Number) -> Number:
    try:
        result = function(*values)
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        raise Undefined(str(error)) from None
    if isinstance(result, int):
        if result.bit_length() > _LARGEST_BITS:
            raise Undefined("a whole number beyond 2**512")
        return result
    if not math.isfinite(result):
        raise Undefined("not a finite number")
    return float(result)


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(_equal, left, right))
    return kind_of(left) == kind_of(right) and bool(left == right)


_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": _power,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUALITY = ("==", "!=")
_MEMBERSHIP = ("in", "not in")

FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "min": (min, 2, 16),
    "max": (max, 2, 16),
    "abs": (abs, 1, 1),
    "log": (math.log, 1, 1),
    "exp": (math.exp, 1, 1),
    "sqrt": (math.sqrt, 1, 1),
    "floor": (math.floor, 1, 1),
    "ceil": (math.ceil, 1, 1),
}
"""The functions of a constraint: what they do, and how few and how many arguments they take."""
