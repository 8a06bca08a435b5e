"""Hypothesis strategies for domains, spaces and their configs, for every test that wants "any space"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from spaces import Categorical, Condition, Constant, Domain, Float, Integer, Ordinal, Parameter, Space

__all__ = [
    "categoricals",
    "configs",
    "constants",
    "domains",
    "floats",
    "integers",
    "ordinals",
    "patient",
    "scalars",
    "spaces",
    "unit_points",
    "values",
]

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For every law: a busy machine is no reason to fail."""

NAMES = (
    "lr",
    "width",
    "model.depth",
    "model.head.kind",
    "optimizer",
    "decay",
    "batch_size",
    "a-b",
    "x_1",
    "seed",
)


def scalars() -> st.SearchStrategy[Any]:
    """None, bools, whole numbers, finite floats and text."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**60), 2**60),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text("abé'\" ,{}=<>1", max_size=4),
    )


def values() -> st.SearchStrategy[Any]:
    """Anything that may stand in a config: scalars, and tuples of them."""
    return st.one_of(
        scalars(), scalars(), st.lists(scalars(), max_size=3).map(tuple), st.just(((1, "a"), ()))
    )


@st.composite
def floats(draw: st.DrawFn, *, step: bool | None = None) -> Float:
    """Float domains: linear or logarithmic, continuous or with a decimal step (or as `step` says)."""
    stepped = draw(st.booleans()) if step is None else step
    log = draw(st.booleans())
    if stepped:
        unit = draw(st.sampled_from([1, 2, 3, 5, 25])) * 10.0 ** draw(st.integers(-4, 2))
        unit = float(f"{unit:.6g}")
        first = draw(st.integers(1, 50)) if log else draw(st.integers(-50, 50))
        last = first + draw(st.integers(0, 60))
        low, high = (float(f"{unit * place:.12g}") for place in (first, last))
        return Float(low, high, log, unit)
    if log:
        low = 10.0 ** draw(st.floats(-12, 6))
        return Float(low, low * 10.0 ** draw(st.floats(0, 10)), log)
    low = draw(st.floats(-1e6, 1e6))
    return Float(low, low + draw(st.floats(0, 1e6)))


@st.composite
def integers(draw: st.DrawFn, *, most: int = 200) -> Integer:
    """Integer domains of at most `most` values: linear or logarithmic, with or without a step."""
    step = draw(st.sampled_from([1, 1, 2, 3, 16]))
    log = draw(st.booleans())
    low = draw(st.integers(step // 2 + 1, 300)) if log else draw(st.integers(-300, 300))
    return Integer(low, low + step * draw(st.integers(0, most - 1)), log, step)


def _distinct() -> st.SearchStrategy[list[Any]]:
    return st.lists(values(), min_size=1, max_size=5, unique_by=_typed)


def categoricals() -> st.SearchStrategy[Categorical]:
    """Categorical domains, choices of one or of several types."""
    return _distinct().map(lambda choices: Categorical(tuple(choices)))


def ordinals() -> st.SearchStrategy[Ordinal]:
    """Ordinal domains."""
    return _distinct().map(lambda choices: Ordinal(tuple(choices)))


def constants() -> st.SearchStrategy[Constant]:
    """Constants."""
    return values().map(Constant)


def domains(*, discrete: bool = False) -> st.SearchStrategy[Domain]:
    """Any searched domain; with `discrete` only those of finite size."""
    return st.one_of(floats(step=True if discrete else None), integers(), categoricals(), ordinals())


@st.composite
def spaces(
    draw: st.DrawFn,
    *,
    most: int = 6,
    conditions: bool = True,
    branches: bool = True,
    constraints: bool = False,
    discrete: bool = False,
    few_values: bool = False,
) -> Space:
    """Any space of up to `most` names.

    Args:
        conditions, branches, constraints: whether there may be any.
        discrete: only finite domains.
        few_values: finite domains of at most four values each, so that the grid is small.
    """
    small = st.one_of(integers(most=4), _distinct().map(lambda each: Categorical(tuple(each[:4]))))
    domain = small if few_values else domains(discrete=discrete)
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=most, unique=True))
    parameters: list[Parameter] = []
    for name in names:
        parents = [each for each in parameters if not _twice(each, parameters) and _searchable(each.domain)]
        when: tuple[Condition, ...] = ()
        if conditions and parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            when = draw(_conditions(parent))
            if branches and draw(st.booleans()) and (split := _split(parent)):
                parameters += [Parameter(name, draw(domain), (half,)) for half in split]
                continue
        chosen = draw(constants()) if draw(st.integers(0, 7)) == 0 else draw(domain)
        parameters.append(Parameter(name, chosen, when))
    if draw(st.booleans()):
        parameters = draw(st.permutations(parameters))
    return Space(parameters, draw(_constraints(parameters)) if constraints else ())


def unit_points(space: Space) -> st.SearchStrategy[np.ndarray[Any, Any]]:
    """Points of the space's unit cube, corners included."""
    size = len(space.searched)
    return st.lists(st.floats(0, 1), min_size=size, max_size=size).map(np.array)


def configs(space: Space) -> st.SearchStrategy[dict[str, Any]]:
    """Configs of the space, constraints aside."""
    return unit_points(space).map(space.from_unit)


@st.composite
def _conditions(draw: st.DrawFn, parent: Parameter) -> tuple[Condition, ...]:
    """One or two conditions that some value of the parent meets."""
    witness = parent.domain.from_unit(draw(st.floats(0, 1)))
    other = parent.domain.from_unit(draw(st.floats(0, 1)))
    found = [Condition(parent.name, "==", witness), Condition(parent.name, "in", (witness, other))]
    if _differ(witness, other):
        found.append(Condition(parent.name, "!=", other))
    if _is_numbers(parent.domain):
        found += [Condition(parent.name, "<=", witness), Condition(parent.name, ">=", witness)]
        if _differ(witness, other):
            found.append(Condition(parent.name, ">" if witness > other else "<", other))
    return tuple(draw(st.lists(st.sampled_from(found), min_size=1, max_size=2, unique=True)))


def _split(parent: Parameter) -> tuple[Condition, Condition] | None:
    """Two conditions of which exactly one holds, each for some value of the parent."""
    low, high = parent.domain.from_unit(0.0), parent.domain.from_unit(1.0)
    if not _differ(low, high):
        return None
    if _is_numbers(parent.domain) and low < high:
        return Condition(parent.name, "<", high), Condition(parent.name, ">=", high)
    return Condition(parent.name, "==", low), Condition(parent.name, "!=", low)


@st.composite
def _constraints(draw: st.DrawFn, parameters: Sequence[Parameter]) -> tuple[str, ...]:
    """Up to two constraints that roughly half of the space satisfies."""
    numbers = [
        each
        for each in parameters
        if isinstance(each.domain, Float | Integer) and "-" not in each.name and not _twice(each, parameters)
    ]
    if not numbers:
        return ()
    found = []
    for _ in range(draw(st.integers(0, 2))):
        a, b = draw(st.sampled_from(numbers)), draw(st.sampled_from(numbers))
        bound = a.domain.from_unit(0.6) + b.domain.from_unit(0.6)
        found.append(f"{a.name} + {b.name} <= {bound!r}")
    return tuple(found)


def _twice(parameter: Parameter, parameters: Sequence[Parameter]) -> bool:
    return sum(each.name == parameter.name for each in parameters) > 1


def _searchable(domain: Domain) -> bool:
    return not isinstance(domain, Constant)


def _is_numbers(domain: Domain) -> bool:
    if isinstance(domain, Float | Integer):
        return True
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in domain.grid(1))


def _differ(a: Any, b: Any) -> bool:
    """Whether a condition tells the two apart: 1 and 1.0 it does not."""
    return not Condition("x", "==", a).holds(b)


def _typed(value: Any) -> Any:
    """A key that is equal for equal values of one type only; 0.0 and -0.0 are one value."""
    if isinstance(value, tuple):
        return ("tuple", *map(_typed, value))
    return (type(value).__name__, value + 0.0 if isinstance(value, float) else value)
