"""The options of a catalogue trainable: its config over its defaults, with nothing unknown in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spaces import flatten
from trainables.errors import TrainableError, nearest

__all__ = ["read_options"]


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
