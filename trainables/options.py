"""The options of a catalogue trainable: its config over its defaults, with nothing unknown in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spaces import flatten
from trainables.errors import TrainableError, nearest

__all__ = ["Rule", "read_options"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What the value of an option may be.

    Attributes:
        low, high: bounds of a number, inclusive; None = none. An infinite number is never allowed.
        below: bound of a number, exclusive.
        choices: what a text may be; () = any.
    """

    low: float | None = None
    high: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()

    def refusal(self, value: Any) -> str | None:
        """What is wrong with `value`, to be read after the option's name; None where nothing is."""
        if self.choices:
            return None if value in self.choices else f"cannot be {value!r}; {nearest(value, self.choices)}"
        if isinstance(value, (int, float)) and not isinstance(value, bool) and not self._within(value):
            return f"is {self._range()}, not {value}"
        return None

    def _within(self, value: float) -> bool:
        return (
            (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
            and (self.below is None or value < self.below)
            and abs(value) != float("inf")
        )

    def _range(self) -> str:
        bounds = (("at least", self.low), ("at most", self.high), ("below", self.below))
        return " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None) or "finite"


def read_options(config: Mapping[str, Any], defaults: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """The options of one trial, flat, in the order of the defaults.

    A sweep may search a few options and leave the others out; an option nobody reads would be searched in
    vain, so unknown names are refused. ``config["data"]`` is not an option and is ignored.

    Args:
        config: the config, nested.
        defaults: every option by its dotted name; the type of its default is its type (None takes any; an
            int does for a float, and a whole float for an int).
        owner: the trainable's name, for messages.

    Raises:
        TrainableError: an unknown option, or a value of the wrong type.
    """
    given = flatten({name: value for name, value in config.items() if name != "data"})
    for name in given:
        if name not in defaults:
            raise TrainableError(f"{owner} has no option {name!r}; {nearest(name, defaults)}")
    return {
        name: _typed(given[name], default, name, owner) if name in given else default
        for name, default in defaults.items()
    }


def _typed(value: Any, default: Any, name: str, owner: str) -> Any:
    if default is None or type(value) is type(default):
        return value
    numbers = not isinstance(value, bool) and isinstance(value, (int, float))
    if numbers and type(default) is float:
        return float(value)
    if numbers and type(default) is int and float(value).is_integer():
        return int(value)
    raise TrainableError(
        f"{owner}: {name} is of type {type(default).__name__} (default {default!r}), not {value!r}"
    )
