"""A space in Optuna's terms: distributions by parameter key, and values that round trip exactly.

Optuna's conditional spaces are define-by-run: `suggest` walks the active parameters in order and asks the trial for
each, so that inactive ones are never part of it. Constraints are not Optuna's to know: whoever asks for a config
checks `Space.feasible` and asks again.

    Float          FloatDistribution; with log and step an IntDistribution(log=True) in units of the step
    Integer        IntDistribution; with log and step in units of the step
    Categorical    CategoricalDistribution of the choices, as JSON text where Optuna would mix them up
    Ordinal        IntDistribution over ranks, so that samplers see the order
    Constant       not part of it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from spaces.domains import Categorical, Domain, Float, Integer, Ordinal
from spaces.errors import SpaceError
from spaces.parameter import Parameter
from spaces.space import Space
from spaces.translate.support import FEATURES, Feature, has_log_steps, log_steps, position, value_at
from spaces.values import Config, Value, canonical

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import BaseTrial

__all__ = [
    "REFUSALS",
    "SUPPORTS",
    "decode",
    "distribution",
    "distributions",
    "encode",
    "params",
    "suggest",
    "to_config",
    "to_optuna",
]

SUPPORTS: frozenset[Feature] = frozenset(FEATURES)
"""Everything; three corners are refused by name: see `distribution`."""

REFUSALS: Mapping[Feature, str] = {}

_WHOLE = 2**53  # Optuna keeps whole numbers as floats
_STEPS = 10**7  # beyond this its test for a multiple of the step (to 1e-8) fails on rounding


def to_optuna(space: Space) -> dict[str, BaseDistribution]:
    """The distribution of each searched parameter by its key, inactive or not.

    Raises:
        SpaceError: as `distribution`, with the parameter's name.
    """
    return {each.key: _distribution(each) for each in space.searched}


def distribution(domain: Domain) -> BaseDistribution:
    """The distribution whose values `decode` turns into this domain's, with the same probabilities.

    Raises:
        SpaceError: a Constant; whole numbers beyond 2**53; a float step finer than 1e-7 of the bounds; log with a
            step of which the lower bound is no multiple.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(domain, Integer) and max(abs(domain.low), abs(domain.high)) > _WHOLE:
        raise SpaceError(f"Optuna keeps whole numbers as floats, exact to 2**53 only, got {domain.high}")
    if has_log_steps(domain):
        return IntDistribution(*log_steps(domain, "Optuna"), log=True)
    if isinstance(domain, Float):
        if domain.step is not None and max(abs(domain.low), abs(domain.high)) / domain.step > _STEPS:
            raise SpaceError(
                f"Optuna cannot tell multiples of {domain.step} apart near {domain.high}: widen the step"
            )
        return FloatDistribution(domain.low, domain.high, log=domain.log, step=domain.step)
    if isinstance(domain, Integer):
        return IntDistribution(domain.low, domain.high, step=domain.step)
    if isinstance(domain, Ordinal):
        return IntDistribution(0, domain.size - 1)
    if isinstance(domain, Categorical):
        return CategoricalDistribution([_choice(domain, value) for value in domain.choices])
    raise SpaceError(f"a {domain.type} is not searched: it has no distribution")


def encode(domain: Domain, value: Value) -> Any:
    """A value of the domain as Optuna's (external) value. Raises SpaceError when it is not in the domain."""
    value = domain.validate(value)
    if has_log_steps(domain):
        return log_steps(domain, "Optuna")[0] + position(domain, value)
    if isinstance(domain, Ordinal):
        return domain.index(value)
    return _choice(domain, value) if isinstance(domain, Categorical) else value


def decode(domain: Domain, value: Any) -> Value:
    """Optuna's (external) value as a value of the domain, floats snapped to the step."""
    if has_log_steps(domain):
        return value_at(domain, int(value) - log_steps(domain, "Optuna")[0])
    if isinstance(domain, Ordinal):
        return domain.choices[int(value)]
    if isinstance(domain, Categorical):
        given = canonical(value)
        return next(each for each in domain.choices if canonical(_choice(domain, each)) == given)
    return domain.validate(value)


def suggest(space: Space, trial: BaseTrial) -> Config:
    """Asks a trial for each active searched parameter, parents first, and returns the config; constraints aside."""
    from optuna.distributions import FloatDistribution, IntDistribution

    def ask(each: Parameter) -> Value:
        drawn = _distribution(each)
        if isinstance(drawn, FloatDistribution):
            value: Any = trial.suggest_float(each.key, drawn.low, drawn.high, step=drawn.step, log=drawn.log)
        elif isinstance(drawn, IntDistribution):
            value = trial.suggest_int(each.key, drawn.low, drawn.high, step=drawn.step, log=drawn.log)
        else:
            value = trial.suggest_categorical(each.key, cast(Any, drawn).choices)
        return decode(each.domain, value)

    return space.walk(ask)


def params(space: Space, config: Mapping[str, Value]) -> dict[str, Any]:
    """Optuna's values of the active searched parameters of a config, by key."""
    return {
        each.key: encode(each.domain, config[each.name]) for each in space.active(config) if each.searched
    }


def distributions(space: Space, config: Mapping[str, Value]) -> dict[str, BaseDistribution]:
    """The distributions that belong to `params(space, config)`."""
    return {each.key: _distribution(each) for each in space.active(config) if each.searched}


def to_config(space: Space, params: Mapping[str, Any]) -> Config:
    """The config that `params` came from, constants included.

    Raises:
        SpaceError: an active parameter has no value.
    """

    def look_up(each: Parameter) -> Value:
        if each.key not in params:
            raise SpaceError(f"{each.name}: the Optuna trial has no value for {each.key!r}", where=each.name)
        return decode(each.domain, params[each.key])

    return space.walk(look_up)


def _distribution(parameter: Parameter) -> BaseDistribution:
    try:
        return distribution(parameter.domain)
    except SpaceError as error:
        raise SpaceError(f"{parameter.name}: {error}", where=parameter.name) from None


def _choice(domain: Categorical, value: Value) -> Any:
    """The choice as Optuna sees it: itself where all are of its types and differ by ==, else as JSON text."""
    plain = all(each is None or isinstance(each, bool | int | float | str) for each in domain.choices)
    return value if plain and len(set(domain.choices)) == len(domain.choices) else canonical(value)
