"""The searched parameters as axes: one per name, each with its own scale. Tables and figures place configs on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from search.history import History
from spaces import Categorical, Constant, Domain, Float, Integer, Ordinal, Parameter

__all__ = ["Axis", "axes_of", "spelled"]

Scale = Literal["linear", "log", "choice"]


@dataclass(frozen=True)
class Axis:
    """One name of the space; several parameters of that name (branches of a condition) share it.

    `low`, `high`: the bounds, inclusive (choices: 0 and their number - 1). `choices`: spelled, in their order.
    `conditional`: there are configs in which it does not appear.
    """

    name: str
    scale: Scale
    low: float
    high: float
    choices: tuple[str, ...]
    conditional: bool
    whole: bool

    def told(self) -> dict[str, Any]:
        """What a report says of it."""
        return {
            "parameter": self.name,
            "scale": self.scale,
            "low": self.low,
            "high": self.high,
            "choices": list(self.choices),
            "conditional": self.conditional,
            "whole": self.whole,
        }

    def place(self, config: Mapping[str, Any]) -> float | None:
        """Where a config lies: the number itself, or the index of the choice; None where it is not active."""
        if self.name not in config:
            return None
        value = config[self.name]
        if self.scale == "choice":
            text = spelled(value)
            return float(self.choices.index(text)) if text in self.choices else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value)


def axes_of(history: History) -> list[Axis]:
    """One axis per searched name, in the order of the space."""
    by_name: dict[str, list[Parameter]] = {}
    for parameter in history.problem.space.searched:
        by_name.setdefault(parameter.name, []).append(parameter)
    return [_axis(name, members) for name, members in by_name.items()]


def spelled(value: Any) -> str:
    """A config's value as text; True, 1 and 1.0 differ, as they do as choices."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)


def _axis(name: str, members: list[Parameter]) -> Axis:
    domains = [member.domain for member in members]
    conditional = all(member.when for member in members)
    numeric = [domain for domain in domains if isinstance(domain, Float | Integer)]
    if len(numeric) == len(domains):
        scale: Scale = "log" if all(domain.log for domain in numeric) else "linear"
        low, high = min(float(d.low) for d in numeric), max(float(d.high) for d in numeric)
        whole = all(isinstance(domain, Integer) for domain in numeric)
        return Axis(name, scale, low, high, (), conditional, whole)
    choices = tuple(dict.fromkeys(text for domain in domains for text in _choices(domain)))
    return Axis(name, "choice", 0.0, float(max(0, len(choices) - 1)), choices, conditional, False)


def _choices(domain: Domain) -> list[str]:
    if isinstance(domain, Categorical | Ordinal):
        return [spelled(choice) for choice in domain.choices]
    if isinstance(domain, Constant):
        return [spelled(domain.value)]
    return [spelled(value) for value in domain.grid(9)]
