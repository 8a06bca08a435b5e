"""What a searcher can do and which options it takes, as data: for `plan`, for the docs, for the contract suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from search.errors import SettingsError
from spaces.errors import nearest

__all__ = ["Capabilities", "Option", "read_options"]


@dataclass(frozen=True)
class Option:
    """One option of a searcher.

    `default`: also says the type; None with `kind` int means: the searcher decides by itself.
    `low`: smallest number allowed. `choices`: the only values allowed. `each`: a mapping from a parameter's name to
    such a value is allowed too.
    """

    help: str
    default: Any
    kind: type
    low: float | None = None
    choices: tuple[str, ...] = ()
    each: bool = False

    def problem(self, value: object) -> str | None:
        """Why a value cannot be this option, or None."""
        if self.each and isinstance(value, Mapping):
            wrong = (f"{name}: {said}" for name, each in value.items() if (said := self._problem(each)))
            return next(wrong, None)
        return self._problem(value)

    def _problem(self, value: object) -> str | None:
        if value is None and self.default is None:
            return None
        if self.choices:
            return (
                None if value in self.choices else f"must be one of {', '.join(self.choices)}, got {value!r}"
            )
        if not isinstance(value, self.kind) or (isinstance(value, bool) and self.kind is not bool):
            word = {bool: "true or false", int: "a whole number", float: "a number"}[self.kind]
            return f"must be {word}, got {value!r}"
        if self.low is not None and isinstance(value, int | float) and value < self.low:
            return f"must be {self.low:g} or more, got {value}"
        return None


@dataclass(frozen=True)
class Capabilities:
    """What a searcher makes of a problem.

    `learns`: proposals depend on the scores. `stopped`: what it learns from a trial that was stopped early: its whole
    curve, its best score, or nothing.
    `conditions`, `categories`: `native` = modelled as what they are; `blind` = handled rightly, but drawn without
    learning; `cube` = by the place of each parameter in the unit cube.
    `constraints`: `exact` = every feasible config and no other; `redraw` = what breaks one is drawn again.
    `parallel`: knows which trials are running and spreads out. `finite`: ends when every config was tried.
    `several`: may have several objectives. `outcomes`: may have outcome constraints, and keeps to what meets them if it
    learns at all.
    """

    summary: str
    learns: bool
    stopped: Literal["curve", "best", "nothing"]
    conditions: Literal["native", "blind", "cube"]
    categories: Literal["native", "blind", "cube"]
    constraints: Literal["exact", "redraw"]
    parallel: bool
    finite: bool = False
    several: bool = False
    outcomes: bool = False
    options: Mapping[str, Option] | None = None


def read_options(searcher: str, known: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of a searcher with its value: as given, else the default.

    Raises SettingsError: unknown options and wrong values, all of them.
    """
    problems = [
        f"{searcher}: unknown option {name!r}{nearest(name, known)}" for name in given if name not in known
    ]
    for name, option in known.items():
        if name in given and (said := option.problem(given[name])) is not None:
            problems.append(f"{searcher}: option {name} {said}")
    if problems:
        raise SettingsError(problems)
    return {name: given.get(name, option.default) for name, option in known.items()}
