"""A space as the JSON of ConfigSpace (`ConfigSpace.ConfigurationSpace.from_serialized_dict`, or `from_json` of a file).

    Float           uniform_float (rounded to 13 decimals: finer bounds are refused); with a step an ordinal
    Integer         uniform_int; with a step an ordinal
    Categorical     categorical; choices of several types, or of types ConfigSpace lacks, as JSON text
    Ordinal         ordinal, likewise
    Constant        constant
    conditions      EQ, IN, NEQ, GT, LT; IN over the values that meet it when the parent is discrete

Names are the parameters' keys. `decode` turns ConfigSpace's values back into a config.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spaces.conditions import Condition
from spaces.domains import Categorical, Constant, Domain, Float, Integer, Ordinal
from spaces.errors import SpaceError
from spaces.parameter import Parameter
from spaces.space import Space
from spaces.translate.support import FEATURES, Feature, refuse_unsupported
from spaces.values import Config, Value, canonical

__all__ = ["REFUSALS", "SUPPORTS", "coded", "decode", "to_configspace"]

_UNEVEN = "ConfigSpace has no steps on a logarithmic scale: use values, or a step of 1"

REFUSALS: Mapping[Feature, str] = {
    "float log step": _UNEVEN,
    "integer log": (
        "ConfigSpace draws whole numbers on a logarithmic scale with other probabilities (0.30 for 1 of 1 to 8 where a "
        "cell of [0.5, 1.5] has 0.39): use values, or a linear scale"
    ),
    "integer log step": _UNEVEN,
    "constraint": "ConfigSpace forbids values and relations of two, not expressions",
}
"""What has no exact counterpart in ConfigSpace, and why."""

SUPPORTS: frozenset[Feature] = frozenset(FEATURES) - REFUSALS.keys()

_MOST_VALUES = 1000
_PLACES = 13
_FINEST = 1e-9
_FORMAT = 0.4


def to_configspace(space: Space, name: str | None = None, *, exact: bool = True) -> dict[str, Any]:
    """The space as ConfigSpace's serialised dict, JSON types only.

    A parameter that a constant switches off for good is left out.

    Args:
        exact: False for a space that is to be looked at, not drawn from: the values and their order are the same, but
            whole numbers on a logarithmic scale have ConfigSpace's probabilities, steps on one are an ordinal, and
            constraints are left out.

    Raises:
        SpaceError: a feature of REFUSALS; more than 1000 steps; continuous bounds of more than 13 decimals; a
            condition on a name with several branches, on a discrete parent of more than 1000 values, or with <= or
            >= on a continuous one.
    """
    if exact:
        refuse_unsupported(space, REFUSALS, "ConfigSpace")
    written: dict[str, Parameter] = {}
    conditions = []
    for each in space.parameters:
        parts = [_condition(each, condition, space) for condition in each.when]
        if None in parts or any(condition.parent not in written for condition in each.when):
            continue
        written[each.key] = each
        conditions += _all_of([part for part in parts if part])
    return {
        "name": name,
        "hyperparameters": [_hyperparameter(each) for each in written.values()],
        "conditions": conditions,
        "forbiddens": [],
        "format_version": _FORMAT,
    }


def decode(space: Space, values: Mapping[str, Any]) -> Config:
    """The config of ConfigSpace's values (`dict(configuration)`), by key; constants included.

    Raises:
        SpaceError: an active parameter has no value, or one outside its domain.
    """

    def look_up(each: Parameter) -> Value:
        if each.key not in values:
            raise SpaceError(f"{each.name}: the configuration has no value for {each.key!r}", where=each.name)
        if not isinstance(each.domain, Categorical | Ordinal):
            return each.domain.validate(values[each.key])
        given = canonical(
            each.domain.validate(values[each.key]) if _is_plain(each.domain) else str(values[each.key])
        )
        return next(
            choice for choice in each.domain.choices if canonical(coded(each.domain, choice)) == given
        )

    return space.walk(look_up)


def _hyperparameter(parameter: Parameter) -> dict[str, Any]:
    domain = parameter.domain
    head = {"name": parameter.key, "meta": None}
    if isinstance(domain, Constant):
        plain = isinstance(domain.value, int | float | str) and not isinstance(domain.value, bool)
        return {"type": "constant", **head, "value": domain.value if plain else canonical(domain.value)}
    default = {"default_value": coded(domain, domain.from_unit(0.5))}
    if isinstance(domain, Categorical):
        choices = [coded(domain, choice) for choice in domain.choices]
        return {"type": "categorical", **head, "choices": choices, "weights": None, **default}
    if isinstance(domain, Float | Integer) and domain.low < domain.high and domain.step in (None, 1):
        kind = "uniform_int" if isinstance(domain, Integer) else "uniform_float"
        if kind == "uniform_int" or domain.step is None:
            _check_places(parameter, domain)
            return {
                "type": kind,
                **head,
                "lower": domain.low,
                "upper": domain.high,
                "log": domain.log,
                **default,
            }
    return {
        "type": "ordinal",
        **head,
        "sequence": [coded(domain, each) for each in _values(parameter)],
        **default,
    }


def _check_places(parameter: Parameter, domain: Float | Integer) -> None:
    """ConfigSpace rounds floats to 13 decimals, and so would move fine bounds and blur fine ranges."""
    finest = domain.low if domain.log else domain.high - domain.low
    if any(round(bound, _PLACES) != bound for bound in (domain.low, domain.high)) or finest < _FINEST:
        raise SpaceError(
            f"{parameter.name}: ConfigSpace rounds floats to {_PLACES} decimals, too few for {domain.low} to "
            f"{domain.high}: give the bounds fewer digits, or the parameter another unit",
            where=parameter.name,
        )


def _condition(child: Parameter, condition: Condition, space: Space) -> dict[str, Any] | None:
    """One condition, {} when a constant parent meets it always, None when never."""
    parents = [each for each in space.parameters if each.name == condition.parent]
    if len(parents) > 1:
        raise SpaceError(
            f"{child.name}: ConfigSpace cannot express a condition on {condition.parent}, which has several branches",
            where=child.name,
        )
    domain = parents[0].domain
    if isinstance(domain, Constant):
        return {} if condition.holds(domain.value) else None
    ends = {"child": child.key, "parent": parents[0].key}
    if domain.size is not None:
        met = [coded(domain, value) for value in _values(parents[0]) if condition.holds(value)]
        return {"type": "IN", **ends, "values": met}
    assert isinstance(domain, Float)
    if condition.op == "in":
        return {"type": "IN", **ends, "values": [domain.validate(each) for each in condition.value]}
    if condition.op in ("==", "!="):
        kind = "EQ" if condition.op == "==" else "NEQ"
        return {"type": kind, **ends, "value": domain.validate(condition.value)}
    if condition.op in ("<=", ">="):
        raise SpaceError(
            f"{child.name}: ConfigSpace has only < and > on the continuous {condition.parent}, got {condition}",
            where=child.name,
        )
    if not domain.low <= condition.value <= domain.high:
        return {}  # refused at construction where it never holds, so it always does
    return {"type": "GT" if condition.op == ">" else "LT", **ends, "value": float(condition.value)}


def _all_of(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(parts) < 2:
        return parts
    return [{"type": "AND", "child": parts[0]["child"], "conditions": parts}]


def _values(parameter: Parameter) -> tuple[Value, ...]:
    size = parameter.domain.size
    if size is None or size > _MOST_VALUES:
        raise SpaceError(
            f"{parameter.name}: ConfigSpace needs its values as a list of at most {_MOST_VALUES}, got {size}: take a "
            "larger step",
            where=parameter.name,
        )
    return parameter.domain.grid(1)


def coded(domain: Domain, value: Value) -> Any:
    """A value as ConfigSpace keeps it without changing its type: plain, or JSON text."""
    return value if _is_plain(domain) else canonical(value)


def _is_plain(domain: Domain) -> bool:
    if not isinstance(domain, Categorical | Ordinal):
        return True
    kinds = {type(each) for each in domain.choices}
    return len(kinds) == 1 and kinds <= {int, float, str}
