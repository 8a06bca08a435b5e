"""Enumerating and counting configs: an exact product that respects conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spaces.conditions import Condition, regions
from spaces.parameter import Parameter
from spaces.values import Config, Value

__all__ = ["count", "product"]


def product(parameters: Sequence[Parameter], axes: Sequence[Sequence[Value]]) -> Iterator[Config]:
    """Every config with the values of `axes` (one per parameter), each once, the last varying fastest.

    Args:
        parameters: parents before children.
        axes: for each parameter its distinct values.
    """
    config: Config = {}

    def visit(place: int) -> Iterator[Config]:
        if place == len(parameters):
            yield dict(config)
            return
        parameter = parameters[place]
        if not parameter.active(config):
            yield from visit(place + 1)
            return
        for value in axes[place]:
            config[parameter.name] = value
            yield from visit(place + 1)
        del config[parameter.name]

    return visit(0)


def count(parameters: Sequence[Parameter]) -> int | None:
    """Number of distinct configs, or None when a continuous parameter can be active.

    Parameters that no condition connects are counted apart and multiplied; inside a connected family only one
    value per region (that its conditions cannot tell apart) is visited.
    """
    total = 1
    for family in _families(parameters):
        number = _count_family(family)
        if number is None:
            return None
        total *= number
    return total


def _count_family(family: Sequence[Parameter]) -> int | None:
    asked: dict[str, list[Condition]] = {}
    for each in family:
        for condition in each.when:
            asked.setdefault(condition.parent, []).append(condition)
    config: Config = {}

    def visit(place: int) -> int | None:
        if place == len(family):
            return 1
        parameter = family[place]
        if not parameter.active(config):
            return visit(place + 1)
        if parameter.domain.size is None:
            return None
        conditions = asked.get(parameter.name, [])
        if not conditions:
            rest = visit(place + 1)
            return None if rest is None else parameter.domain.size * rest
        merged: dict[tuple[bool, ...], tuple[Value, int]] = {}
        for region in regions(parameter.domain, conditions):
            truths = tuple(condition.holds(region.value) for condition in conditions)
            value, number = merged.get(truths, (region.value, 0))
            merged[truths] = (value, number + (region.count or 0))
        total: int | None = 0
        for value, number in merged.values():
            config[parameter.name] = value
            rest = visit(place + 1)
            total = None if rest is None or total is None else total + number * rest
        del config[parameter.name]
        return total

    return visit(0)


def _families(parameters: Sequence[Parameter]) -> list[list[Parameter]]:
    """Parameters connected by conditions (or by one name), in the order given."""
    family: dict[str, int] = {}
    for place, each in enumerate(parameters):
        names = {each.name, *(condition.parent for condition in each.when)}
        joined = {family[name] for name in names if name in family}
        family.update(dict.fromkeys(names, place))
        family.update({name: place for name, other in family.items() if other in joined})
    found: dict[int, list[Parameter]] = {}
    for each in parameters:
        found.setdefault(family[each.name], []).append(each)
    return list(found.values())
