"""What a space asks of a backend, by name, and the refusal of what the backend cannot say exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeGuard, get_args

from spaces.domains import Domain, Float, Integer
from spaces.errors import SpaceError
from spaces.space import Space
from spaces.values import Value

__all__ = [
    "FEATURES",
    "Feature",
    "feature",
    "features",
    "has_log_steps",
    "log_steps",
    "position",
    "refuse_unsupported",
    "value_at",
]

Feature = Literal[
    "float",
    "float log",
    "float step",
    "float log step",
    "integer",
    "integer log",
    "integer step",
    "integer log step",
    "categorical",
    "ordinal",
    "constant",
    "condition",
    "branches",
    "constraint",
]

FEATURES: tuple[Feature, ...] = get_args(Feature)
"""Every feature: a domain with its options, conditions, one name in several branches, constraints."""


def feature(domain: Domain) -> Feature:
    """The feature that a domain is, e.g. "integer log step"."""
    words: list[str] = [domain.type]
    if isinstance(domain, Float | Integer):
        words += ["log"] * domain.log
        words += ["step"] * (
            domain.step not in (None, 1) or (isinstance(domain, Float) and domain.step is not None)
        )
    name = " ".join(words)
    return next(each for each in FEATURES if each == name)


def features(space: Space) -> Iterator[tuple[Feature, str]]:
    """Each feature that the space uses, with the parameter or constraint that uses it; repeated as used."""
    for each in space.parameters:
        yield feature(each.domain), each.name
        if each.when:
            yield "condition", each.name
        if each.key != each.name:
            yield "branches", each.name
    for constraint in space.constraints:
        yield "constraint", constraint.text


def has_log_steps(domain: Domain) -> TypeGuard[Float | Integer]:
    """Whether the domain is a lattice on a logarithmic scale."""
    return isinstance(domain, Float | Integer) and domain.log and domain.lattice is not None


def log_steps(domain: Float | Integer, backend: str) -> tuple[int, int]:
    """The bounds of a logarithmic lattice in units of its step, both included.

    Raises:
        SpaceError: the lower bound is no multiple of the step, so that whole numbers cannot stand for the values.
    """
    assert domain.lattice is not None
    first = domain.lattice.first
    if first.denominator != 1:
        raise SpaceError(
            f"{backend} cannot count from {domain.low} by {domain.step} on a logarithmic scale: make the lower "
            "bound a multiple of the step"
        )
    return int(first), int(first) + domain.lattice.count - 1


def position(domain: Domain, value: Value) -> int:
    """The 0-based place of a value among those of a discrete domain."""
    if isinstance(domain, Float | Integer) and domain.lattice is not None:
        return domain.lattice.index(domain.to_unit(value))
    assert domain.size is not None
    return int(domain.to_unit(value) * domain.size)


def value_at(domain: Domain, place: int) -> Value:
    """The value of a discrete domain at a 0-based place."""
    if isinstance(domain, Float | Integer) and domain.lattice is not None:
        return domain.point(place)
    return domain.grid(1)[place]


def refuse_unsupported(space: Space, refusals: Mapping[Feature, str], backend: str) -> None:
    """Refuse a space that uses a feature which the backend cannot say exactly.

    Args:
        refusals: the features to refuse, with the reason and the next move.

    Raises:
        SpaceError: names each such parameter or constraint, the feature and the reason.
    """
    problems = [
        SpaceError(f"{where}: {backend} cannot express {used!r} exactly: {refusals[used]}", where=where)
        for used, where in features(space)
        if used in refusals
    ]
    if problems:
        raise SpaceError.collect(problems, f"the space does not translate to {backend}")
