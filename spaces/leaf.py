"""One leaf of a sweep file, `{min: 1, max: 9}` and its kin, as a domain."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from spaces.domains import Categorical, Constant, Domain, Float, Integer, Ordinal
from spaces.errors import SpaceError, nearest
from spaces.values import normal

__all__ = ["LEAF_MARKS", "looks_like_leaf", "read_leaf"]

LEAF_MARKS = ("min", "max", "values", "value", "distribution")
"""A mapping with any of these keys is a leaf; any other mapping is a group of names."""

_RANGE = ("min", "max", "distribution", "step", "log", "q")
_CHOICES = ("values", "ordered", "distribution")
_CONSTANT = ("value", "distribution")
_OTHERS = ("when", "role")

_ALIASES = {
    "low": "min",
    "lower": "min",
    "minimum": "min",
    "high": "max",
    "upper": "max",
    "maximum": "max",
    "choices": "values",
    "options": "values",
    "vals": "values",
}

_RANGES: dict[str, dict[str, Any]] = {
    "uniform": {"kind": Float},
    "int_uniform": {"kind": Integer},
    "q_uniform": {"quantised": True},
    "log_uniform_values": {"kind": Float, "log": True},
    "q_log_uniform_values": {"log": True, "quantised": True},
}
"""W&B's ranges that mean the same here: what they say about the domain."""

_BOUNDED = "every domain here is bounded: write distribution: uniform or log_uniform_values with min and max"
_EXPONENTS = (
    "its min and max are exponents of e, which is easily misread: write distribution: log_uniform_values "
    "with the values themselves (min: -9.21 there is min: 1e-4 here)"
)
_REFUSED = {
    "log_uniform": _EXPONENTS,
    "q_log_uniform": _EXPONENTS,
    "inv_log_uniform": _EXPONENTS,
    "inv_log_uniform_values": "there is no inverse scale here: search 1 - x or 1 / x on a logarithmic one",
    "normal": _BOUNDED,
    "q_normal": _BOUNDED,
    "log_normal": _BOUNDED,
    "q_log_normal": _BOUNDED,
    "beta": _BOUNDED,
    "q_beta": _BOUNDED,
}

_KNOWN = (*_RANGES, "categorical", "constant")


def looks_like_leaf(mapping: Mapping[Any, Any]) -> bool:
    """Whether all keys of a group are misspelt keys of a leaf (`{mn: 0, mx: 1}`), and no names at all."""

    def misspelt(key: object) -> bool:
        return key in _ALIASES or bool(difflib.get_close_matches(str(key), LEAF_MARKS, cutoff=0.75))

    extras = {*_RANGE, *_CHOICES, *_OTHERS}
    plain = [each for key, each in mapping.items() if key not in _OTHERS]
    return (
        not any(isinstance(each, Mapping) for each in plain)
        and all(key in extras or misspelt(key) for key in mapping)
        and any(misspelt(key) for key in mapping)
    )


def read_leaf(leaf: Mapping[str, Any]) -> Domain:
    """The domain of a leaf, `when` and `role` already taken out.

    Raises:
        SpaceError: unknown, missing or clashing keys, a distribution that is unknown or means something else
            here, values that break the domain's rules. `path` has the key where one is to blame.
    """
    name = leaf.get("distribution")
    if "distribution" in leaf:
        _check_distribution(name)
    if "probabilities" in leaf:
        raise _refused("every choice is equally likely here: leave probabilities out", "probabilities")
    kinds = [mark for mark in ("values", "value") if mark in leaf]
    if kinds and (extra := [key for key in ("min", "max") if key in leaf]):
        raise _refused(f"has both {kinds[0]} and {extra[0]}: keep one", extra[0])
    if "value" in leaf or name == "constant":
        _check_keys(leaf, _CONSTANT, required=("value",), of="constant", name=name)
        if isinstance(leaf["value"], Mapping):
            raise _refused("value must not be a mapping: a group may not have a member called value", "value")
        return Constant(leaf["value"])
    if "values" in leaf or name == "categorical":
        _check_keys(leaf, _CHOICES, required=("values",), of="categorical", name=name)
        ordered = leaf.get("ordered", False)
        if not isinstance(ordered, bool):
            raise _refused(f"ordered must be true or false, got {ordered!r}", "ordered")
        return _at("values", Ordinal if ordered else Categorical, leaf["values"])
    _check_keys(leaf, _RANGE, required=("min", "max"), of="range", name=name)
    return _range(leaf, _RANGES.get(str(name), {}), name)


def _range(leaf: Mapping[str, Any], meant: Mapping[str, Any], name: object) -> Domain:
    low, high = _number(leaf, "min"), _number(leaf, "max")
    log = leaf.get("log", meant.get("log", False))
    if not isinstance(log, bool):
        raise _refused(f"log must be true or false, got {log!r}", "log")
    if meant.get("log") and not log:
        raise _refused(f"log: false contradicts distribution: {name}", "log")
    if "q" in leaf and not meant.get("quantised"):
        raise _refused("q goes with distribution: q_uniform or q_log_uniform_values; here write step", "q")
    if "step" in leaf and meant.get("quantised"):
        raise _refused(f"distribution: {name} has q, not step", "step")
    step = _number(leaf, "q") if "q" in leaf else 1 if meant.get("quantised") else None
    if meant.get("quantised") and step and Fraction(repr(low)) % Fraction(repr(step)):
        # W&B rounds to multiples of q; ours count from the lower bound. The same only where that is one.
        raise _refused(
            f"distribution: {name} means multiples of q, and min {low} is not one of {step}", "min"
        )
    if leaf.get("step") is not None:
        step = _number(leaf, "step")
    whole = all(isinstance(each, int) for each in (low, high, step or 1))
    kind = meant.get("kind") or (Integer if whole else Float)
    if kind is Integer:
        return Integer(low, high, log, 1 if step is None else step)  # type: ignore[arg-type]
    return Float(low, high, log, step)


def _check_distribution(name: object) -> None:
    if isinstance(name, str) and name in _REFUSED:
        raise _refused(f"distribution {name} is not read: {_REFUSED[name]}", "distribution")
    if not isinstance(name, str) or name not in _KNOWN:
        raise _refused(f"unknown distribution {name!r}{nearest(name, _KNOWN)}", "distribution")


def _check_keys(
    leaf: Mapping[str, Any], known: tuple[str, ...], *, required: tuple[str, ...], of: str, name: object
) -> None:
    for key in leaf:
        if key not in known:
            hint = (
                f" (did you mean {_ALIASES[key]}?)" if key in _ALIASES else nearest(key, (*known, *_OTHERS))
            )
            raise _refused(f"unknown key {key!r} in a {of}{hint}", key)
    if name is not None and (name in _RANGES) != (of == "range"):
        raise _refused(f"distribution {name} does not go with {', '.join(required)}", "distribution")
    for key in required:
        if key not in leaf:
            raise _refused(f"{key} is missing (a {of} needs {' and '.join(required)})")


def _number(leaf: Mapping[str, Any], key: str) -> int | float:
    value = leaf[key]
    if isinstance(value, str):
        raise _refused(f"{key} must be a number, got the text {value!r}: write it without quotes", key)
    try:
        value = normal(value)
    except SpaceError:
        value = leaf[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(f"{key} must be a number, got {value!r}", key)
    return value


def _at(key: str, kind: type[Categorical] | type[Ordinal], given: Any) -> Domain:
    try:
        return kind(given)
    except SpaceError as error:
        raise _refused(str(error), key) from None


def _refused(why: str, key: str | None = None) -> SpaceError:
    return SpaceError(why, path=() if key is None else (key,))
