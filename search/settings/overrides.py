"""Values given on the command line in place of what a sweep file says."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from search.errors import SettingsError
from search.settings.document import Document, KeyPath, kind_of, read_text
from spaces.errors import nearest

__all__ = ["SHORTHAND", "Override", "apply_overrides"]

# sections that may be written as one word: the key that the word stands for
SHORTHAND = {"data": "source", "method": "name", "metric": "name", "early_terminate": "type"}


@dataclass(frozen=True)
class Override:
    """One value. `key`: dotted, as shown in messages. `option`: what the user typed, for messages."""

    key: str
    value: Any
    option: str

    @classmethod
    def parse(cls, text: str) -> Override:
        """`--set key=value`; the value is YAML, so `lr.max=1e-1` is a number and `method=tpe` is text.

        Raises SettingsError: no `=`, no key, or the value is not YAML.
        """
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key or not all(key.split(".")):
            raise SettingsError(
                f"--set {text}: write --set key=value, for example --set parameters.lr.max=0.1"
            )
        option = f"--set {key}"
        return cls(key, read_text(value, option, located=False).data, option)


def apply_overrides(document: Document, overrides: Sequence[str | Override]) -> Document:
    """The document with `overrides` put in, in order; `document` stays as it is.

    A key that is not there yet is added. Raises SettingsError: a key leads through something that has no keys.
    """
    changed = Document(deepcopy(document.data), dict(document.places))
    problems: list[str] = []
    for override in overrides:
        try:
            given = override if isinstance(override, Override) else Override.parse(override)
            path = _put(changed.data, given)
        except SettingsError as error:
            problems += error.problems
            continue
        for stale in [place for place in changed.places if place[: len(path)] == path]:
            del changed.places[stale]
        for end in range(1, len(path) + 1):
            changed.places.setdefault(path[:end], given.option)
    if problems:
        raise SettingsError(problems)
    return changed


def _put(data: dict[str, Any], given: Override) -> KeyPath:
    """Put the value in its place; the path of it."""
    parts = given.key.split(".")
    if len(parts) > 1 and isinstance(data.get(parts[0]), str) and parts[0] in SHORTHAND:
        data[parts[0]] = {SHORTHAND[parts[0]]: data[parts[0]]}
    path: list[str | int] = []
    here: Any = data
    while True:
        step, taken = _step(here, parts, given, path)
        path.append(step)
        parts = parts[taken:]
        if not parts:
            here[step] = given.value
            return tuple(path)
        if isinstance(here, dict) and here.get(step) is None:
            here[step] = {}
        here = here[step]


def _step(here: Any, parts: list[str], given: Override, path: list[str | int]) -> tuple[str | int, int]:
    """The key or index that the next of `parts` name, and how many of them it takes (keys may contain dots)."""
    if isinstance(here, dict):
        for taken in range(len(parts), 0, -1):
            if (key := ".".join(parts[:taken])) in here:
                return key, taken
        return parts[0], 1
    place = ".".join(map(str, path))
    if isinstance(here, list):
        if parts[0].isdecimal() and int(parts[0]) < len(here):
            return int(parts[0]), 1
        known = [str(index) for index in range(len(here))]
        raise SettingsError(
            f"{given.option}: {place} is a list; no item {parts[0]!r}{nearest(parts[0], known)}"
        )
    raise SettingsError(
        f"{given.option}: {place} is {kind_of(here)} ({here!r}), it has no {parts[0]!r}; set {place} as a whole: "
        f"--set '{place}={{{parts[0]}: ...}}'"
    )
