"""How a copy in a population differs from its parent: a few hyperparameters, changed a little."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from search.schedulers.options import OptionCheck
from spaces import Float, Integer, Ordinal, Parameter, Space
from spaces.errors import nearest
from spaces.values import Value

__all__ = ["SHAPING", "Explorer", "told_changes"]

SHAPING = ("data", "model")
"""Sections of a config that give a model its shape, which no checkpoint survives: not changed unless they are named."""

_ATTEMPTS = 100  # draws until one meets the constraints of the space


@dataclass(frozen=True)
class Explorer:
    """Jaderberg et al. 2017, section 4.1.2: each parameter is drawn anew with some chance, else moved a step up or down.

    A step: a number is multiplied or divided by `factor`, within its bounds; of ordered values the next one is taken;
    values without an order stay. `names`: parameters that may change. What a condition hangs on may not: a copy has its
    parent's parameters.
    """

    space: Space
    names: tuple[str, ...]
    factor: float
    resample: float

    @classmethod
    def read(
        cls,
        space: Space,
        mutate: Sequence[str] | str | None,
        factor: float,
        resample: float,
        check: OptionCheck,
    ) -> Explorer:
        """From the options of a sweep file; what is wrong with them goes to `check`."""
        searched = [each.name for each in space.parameters if each.searched]
        decides = {condition.parent for each in space.parameters for condition in each.when}
        if mutate is None:
            names = [n for n in searched if n not in decides and n.partition(".")[0] not in SHAPING]
        elif isinstance(mutate, str | list | tuple):
            names = [mutate] if isinstance(mutate, str) else list(mutate)
        else:
            check.refuse("mutate", f"must be a list of names of parameters, got {mutate!r}")
            names = []
        for name in names:
            if name not in searched:
                known = nearest(str(name), searched)
                check.refuse("mutate", f"{name!r} is no parameter that is searched{known}")
            elif name in decides:
                check.refuse(
                    "mutate", f"{name} decides which other parameters there are, so it cannot change"
                )
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 1 < factor < math.inf:
            check.refuse("factor", f"must be a finite number above 1, got {factor!r}")
            factor = 2.0
        return cls(space, tuple(names), float(factor), check.share("resample", resample))

    def explore(self, config: Mapping[str, Value], rng: np.random.Generator) -> tuple[dict[str, Value], str]:
        """Another config, and in words what changed. The same one where no draw meets the constraints."""
        active = self.active(config)
        for _ in range(_ATTEMPTS if active else 0):
            found = {**config, **{each.name: self.change(each, config[each.name], rng) for each in active}}
            if self.space.feasible(found):
                return found, told_changes(config, found)
        return dict(config), ""

    def active(self, config: Mapping[str, Value]) -> list[Parameter]:
        """The parameters of a config that may change."""
        return [each for each in self.space.active(config) if each.name in self.names and each.name in config]

    def change(self, parameter: Parameter, value: Value, rng: np.random.Generator) -> Value:
        """Another value of one parameter: drawn anew, or a step away."""
        domain = parameter.domain
        anew, up = rng.random() < self.resample, rng.random() < 0.5
        drawn = domain.sample(rng)
        if anew:
            return drawn
        if isinstance(domain, Float | Integer):
            return _moved(domain, value, self.factor if up else 1 / self.factor)
        if isinstance(domain, Ordinal):
            values = domain.grid(2)
            place = values.index(domain.validate(value)) + (1 if up else -1)
            return values[min(max(place, 0), len(values) - 1)]
        return value


def told_changes(old: Mapping[str, Value], new: Mapping[str, Value]) -> str:
    """In words what differs: "lr 0.1 -> 0.12"."""
    return ", ".join(
        f"{name} {_shown(old[name])} -> {_shown(value)}" for name, value in new.items() if value != old[name]
    )


def _moved(domain: Float | Integer, value: Value, factor: float) -> Value:
    """A number times `factor`, within the bounds; where there are steps, by one of them at the least."""
    assert isinstance(value, int | float)
    low, high = domain.low, domain.high
    if domain.step is None:
        return min(max(value * factor, low), high)
    here, wanted = round((value - low) / domain.step), round((value * factor - low) / domain.step)
    if wanted == here:
        wanted += 1 if factor > 1 else -1
    return domain.point(min(max(wanted, 0), round((high - low) / domain.step)))


def _shown(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
