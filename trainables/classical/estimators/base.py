"""What an estimator of scikit-learn says about itself: its settings, what it can learn, and how it grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trainables.errors import TrainableError, nearest

__all__ = ["BOTH", "CLASSES", "VALUES", "Estimator", "Growth", "Kind", "Setting", "choice", "number", "whole"]

Kind = Literal["classes", "values"]
"""What is predicted: classes (classification) or values (regression, forecasting)."""

Growth = Literal["rows", "members", "epochs"]
"""What a step adds: training rows, members of an ensemble (trees, rounds), or passes over the rows."""

CLASSES: tuple[Kind, ...] = ("classes",)
VALUES: tuple[Kind, ...] = ("values",)
BOTH: tuple[Kind, ...] = ("classes", "values")


@dataclass(frozen=True)
class Setting:
    """One setting of an estimator.

    Attributes:
        name: its name below the estimator's, mostly scikit-learn's own.
        default: used where the config leaves it out; its type is the setting's type.
        low, high: bounds, inclusive; None = none.
        choices: what a text may be; () = anything.
        search: its leaf in the default space; None = it is not searched by default.
        when: further conditions, by the names of settings of the same estimator.
        kinds: what has to be predicted for the setting to exist.
    """

    name: str
    default: Any
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    search: Mapping[str, Any] | None = None
    when: tuple[tuple[str, Any], ...] = ()
    kinds: tuple[Kind, ...] = BOTH

    def check(self, value: Any, name: str) -> None:
        """Refuse a value of the right type that is against the rule; `name` is the full name.

        Raises:
            TrainableError: it is out of bounds, or none of the choices.
        """
        if self.choices and value not in self.choices:
            raise TrainableError(f"{name}: {value!r} is not possible; {nearest(str(value), self.choices)}")
        too_low = self.low is not None and not value >= self.low
        if too_low or (self.high is not None and not value <= self.high):
            limits = f"at least {self.low:g}" if self.high is None else f"from {self.low:g} to {self.high:g}"
            raise TrainableError(f"{name} is {limits}, not {value!r}")


def number(
    name: str,
    default: float,
    low: float,
    high: float | None = None,
    search: tuple[float, float] | None = None,
    log: bool = False,
    **more: Any,
) -> Setting:
    """A real number, searched between the two of `search`, on a logarithmic scale if `log`."""
    leaf: dict[str, Any] | None = None
    if search is not None:
        leaf = {"min": float(search[0]), "max": float(search[1])}
        if log:
            leaf["distribution"] = "log_uniform_values"
    return Setting(name, float(default), low, high, search=leaf, **more)


def whole(
    name: str,
    default: int,
    low: int,
    high: int | None = None,
    search: tuple[int, int] | None = None,
    log: bool = False,
    **more: Any,
) -> Setting:
    """A whole number, searched between the two of `search`."""
    leaf: dict[str, Any] | None = None
    if search is not None:
        leaf = {"min": search[0], "max": search[1], **({"log": True} if log else {})}
    return Setting(name, default, low, high, search=leaf, **more)


def choice(name: str, choices: tuple[str, ...], search: tuple[str, ...] = (), **more: Any) -> Setting:
    """One of several texts, the first of which is the default; searched among those of `search`."""
    leaf = {"values": list(search)} if search else None
    return Setting(name, choices[0], choices=choices, search=leaf, **more)


@dataclass(frozen=True)
class Estimator:
    """One estimator.

    Attributes:
        make: (the settings by their short names, what is predicted, the trial's seed) -> an unfitted estimator
            of scikit-learn. It imports what it needs.
        settings: all of them.
        kinds: what it can predict.
        growth: what a step adds.
        size: the setting that says how much that is at full fidelity; the same is its name in scikit-learn,
            but for "epochs". None where the rows grow.
        warm: whether the estimator continues with `warm_start`; else a larger ensemble is fitted anew.
        columns: whether it predicts several values a row by itself; else there is one estimator per value.
        fewest: the setting that says how many training rows there have to be, if there is one.
        unitless: whether the meaning of its settings depends on the unit of the target, so that it learns
            values as deviations from their mean, in standard deviations.
    """

    make: Callable[[Mapping[str, Any], Kind, int], Any]
    settings: tuple[Setting, ...] = ()
    kinds: tuple[Kind, ...] = BOTH
    growth: Growth = "rows"
    size: str | None = None
    warm: bool = True
    columns: bool = False
    fewest: str | None = None
    unitless: bool = False

    def settings_for(self, kind: Kind) -> tuple[Setting, ...]:
        """Those that exist when `kind` is predicted."""
        return tuple(setting for setting in self.settings if kind in setting.kinds)
