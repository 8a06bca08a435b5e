"""A space in Hyperopt's terms: one flat dict of expressions by parameter key.

Hyperopt draws every parameter, also those that are not active; `decode` drops them, which leaves the distribution of
configs as it should be, and `encode` gives them no value (`[]`, Hyperopt's own mark for "not drawn"), so that TPE learns
from active ones only. This says every condition, where nesting in `hp.choice` refuses a key in two branches and
has no comparisons. Constraints are not Hyperopt's to know: check `Space.feasible`.

    continuous      hp.uniform, hp.loguniform
    linear steps    hp.quniform over positions -1/2 .. n-1/2, so that both ends have a full cell
    log steps       hp.qloguniform in units of the step, half a step beyond both ends
    Categorical     hp.choice over positions
    Ordinal         as linear steps
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from spaces.domains import Categorical, Domain, Float
from spaces.errors import SpaceError
from spaces.parameter import Parameter
from spaces.space import Space
from spaces.translate.support import FEATURES, Feature, has_log_steps, log_steps, position, value_at
from spaces.values import Config, Value

__all__ = ["REFUSALS", "SUPPORTS", "decode", "encode", "to_hyperopt"]

SUPPORTS: frozenset[Feature] = frozenset(FEATURES)
"""Everything, but log with a step of which the lower bound is no multiple: refused by name."""

REFUSALS: Mapping[Feature, str] = {}


def to_hyperopt(space: Space) -> dict[str, Any]:
    """The Hyperopt expression of each searched parameter by its key: a search space for `fmin` or `Domain`.

    Raises:
        SpaceError: log with a step of which the lower bound is no multiple.
    """
    return {each.key: _expression(each) for each in space.searched}


def encode(space: Space, config: Mapping[str, Value]) -> dict[str, list[Any]]:
    """A config as the `vals` of a Hyperopt trial: a list of one number for each active parameter, else []."""
    vals: dict[str, list[Any]] = {each.key: [] for each in space.searched}
    for each in space.active(config):
        if each.searched:
            vals[each.key] = [_raw(each.domain, config[each.name])]
    return vals


def decode(space: Space, vals: Mapping[str, Any]) -> Config:
    """The config of a Hyperopt draw, constants included.

    Args:
        vals: by key a number or a list of one, as in a trial's `misc["vals"]` or an evaluated expression; what is
            there of inactive parameters is ignored.

    Raises:
        SpaceError: an active parameter has no value.
    """

    def look_up(each: Parameter) -> Value:
        raw = vals.get(each.key, ())
        numbers = list(raw) if isinstance(raw, list | tuple) else [raw]
        if len(numbers) != 1:
            raise SpaceError(
                f"{each.name}: the Hyperopt trial has no value for {each.key!r}", where=each.name
            )
        return _value(each.domain, float(numbers[0]))

    return space.walk(look_up)


def _expression(parameter: Parameter) -> Any:
    from hyperopt import hp

    domain, key = parameter.domain, parameter.key
    if isinstance(domain, Categorical):
        return hp.choice(key, list(range(domain.size)))
    if domain.size is None:
        assert isinstance(domain, Float)
        if domain.log:
            return hp.loguniform(key, math.log(domain.low), math.log(domain.high))
        return hp.uniform(key, domain.low, domain.high)
    if has_log_steps(domain):
        try:
            first, last = log_steps(domain, "Hyperopt")
        except SpaceError as error:
            raise SpaceError(f"{parameter.name}: {error}", where=parameter.name) from None
        return hp.qloguniform(key, math.log(first - 0.5), math.log(last + 0.5), 1)
    return hp.quniform(key, -0.5, domain.size - 0.5, 1)


def _raw(domain: Domain, value: Value) -> float:
    value = domain.validate(value)
    if domain.size is None:
        return float(value)
    if isinstance(domain, Categorical):
        return domain.index(value)
    return float(position(domain, value) + _first(domain))


def _value(domain: Domain, raw: float) -> Value:
    if domain.size is None:
        return domain.validate(raw)
    place = round(raw) - _first(domain)
    return value_at(
        domain, min(max(place, 0), domain.size - 1)
    )  # a draw may touch the far edge of the end cells


def _first(domain: Domain) -> int:
    """The number that stands for the lowest value: 0, or the lower bound in steps on a logarithmic scale."""
    return log_steps(domain, "Hyperopt")[0] if has_log_steps(domain) else 0
