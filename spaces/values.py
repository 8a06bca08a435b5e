"""Values and configs: what may stand in them, their one normal form, nested and flat."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from spaces.errors import SpaceError

__all__ = [
    "Config",
    "Value",
    "canonical",
    "flag",
    "flatten",
    "listed",
    "nest",
    "normal",
    "number",
    "same",
    "whole",
]

Value: TypeAlias = Any
"""None, bool, int, finite float, str, or a tuple of those. `normal` is what holds it at run time."""

Config: TypeAlias = dict[str, Any]
"""One point of a space: dotted names of the active parameters to values, constants included."""


def normal(value: object) -> Value:
    """The one form a value is kept in: plain Python scalars, tuples for lists, 0.0 for -0.0.

    Subclasses (numpy scalars, a YAML reader's number and string types) become the plain type.

    Raises:
        SpaceError: the value is not finite, not encodable, or not made of None, bool, int, float, str and lists of them.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, np.generic):
        return normal(value.item())
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise SpaceError(f"a value must be finite, got {float(value)}")
        return float(value) + 0.0
    if isinstance(value, str):
        text = str.__str__(value)
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise SpaceError(f"a text must be encodable as UTF-8, got {text!r}")
        return text
    if isinstance(value, list | tuple):
        return tuple(normal(each) for each in value)
    if isinstance(value, np.ndarray):
        return normal(value.tolist())
    raise SpaceError(
        f"a value must be None, a bool, a number, a string or a list of those, got {value!r} "
        f"of type {type(value).__name__}"
    )


def listed(value: Value) -> Value:
    """A normal value in the types that JSON and YAML have: lists for tuples."""
    return [listed(each) for each in value] if isinstance(value, tuple) else value


def same(a: Value, b: Value) -> bool:
    """Whether two normal values are equal and of one type: True is not 1, and 1 is not 1.0."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and bool(a == b)


def number(value: object, what: str) -> int | float:
    """A finite number, in its normal form. Raises SpaceError, with `what` it should have been, for all else."""
    value = normal(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise SpaceError(f"{what} must be a number, got {value!r}")


def whole(value: object, what: str) -> int:
    """A whole number, also one written as a float. Raises as `number`."""
    found = number(value, what)
    if isinstance(found, float) and not found.is_integer():
        raise SpaceError(f"{what} must be a whole number, got {found}")
    return int(found)


def flag(value: object, what: str) -> bool:
    """True or False. Raises as `number`."""
    value = normal(value)
    if isinstance(value, bool):
        return value
    raise SpaceError(f"{what} must be true or false, got {value!r}")


def canonical(value: object) -> str:
    """JSON text that is equal for equal values only: keys sorted, no blanks, floats exact."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def nest(flat: Mapping[str, Value]) -> dict[str, Any]:
    """`{"model.width": 8}` as `{"model": {"width": 8}}`, in the order of the keys.

    Raises:
        SpaceError: a name is both a value and a group (`model` and `model.width`).
    """
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        group = nested
        for part in path:
            group = group.setdefault(part, {})
            if not isinstance(group, dict):
                break
        if not isinstance(group, dict) or last in group:
            raise SpaceError(f"{name}: the name is both a value and a group of names", where=name)
        group[last] = value
    return nested


def flatten(nested: Mapping[str, Any]) -> Config:
    """`{"model": {"width": 8}}` as `{"model.width": 8}`; names that are dotted already stay as they are.

    Raises:
        SpaceError: a key is not a string, or two spellings give one name.
    """
    flat: Config = {}

    def visit(group: Mapping[str, Any], prefix: str) -> None:
        for key, value in group.items():
            if not isinstance(key, str):
                raise SpaceError(
                    f"{prefix}{key}: a name must be a string, got {key!r}", where=f"{prefix}{key}"
                )
            name = prefix + key
            if isinstance(value, Mapping):
                visit(value, name + ".")
            elif name in flat:
                raise SpaceError(f"{name}: given twice, once nested and once dotted", where=name)
            else:
                flat[name] = value

    visit(nested, "")
    return flat
