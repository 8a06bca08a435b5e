"""Outcome constraints: what a trial's metrics must satisfy for its config to be of use at all."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["OutcomeConstraint"]

_FORM = re.compile(
    r"\s*(?:`(?P<quoted>[^`]+)`|(?P<metric>[^\s`<>=]+))\s*(?P<sign><=|>=|<|>|==|=)\s*(?P<bound>\S+)\s*"
)


@dataclass(frozen=True)
class OutcomeConstraint:
    """`metric <= bound` or `metric >= bound`, of the value that counts of a trial; the bound itself is allowed.

    A constraint of the space (`spaces.Constraint`) is known before a trial runs; this one is known by its results.
    """

    metric: str
    sign: Literal["<=", ">="]
    bound: float

    @classmethod
    def parse(cls, text: str) -> OutcomeConstraint:
        """Read `size_kb <= 100`; a metric with blanks or signs in it stands in backquotes. Raises ValueError."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError(
                f"must read METRIC <= NUMBER or METRIC >= NUMBER, for example size_kb <= 100; got {text!r}"
            )
        sign, bound = found["sign"], found["bound"]
        if sign not in ("<=", ">="):
            raise ValueError(f"compares with <= or >=, not {sign}; got {text!r}")
        try:
            number = float(bound)
        except ValueError:
            raise ValueError(
                f"compares a metric with a number, and {bound!r} is none; got {text!r}"
            ) from None
        if not math.isfinite(number):
            raise ValueError(f"needs a finite bound; got {text!r}")
        return cls(found["quoted"] or found["metric"], "<=" if sign == "<=" else ">=", number)

    @property
    def text(self) -> str:
        """What `parse` reads as this constraint."""
        plain = re.fullmatch(r"[^\s`<>=]+", self.metric)
        name = self.metric if plain else f"`{self.metric}`"
        return f"{name} {self.sign} {repr(self.bound).removesuffix('.0')}"

    def excess(self, metrics: Mapping[str, float]) -> float | None:
        """How far a result lies beyond the bound, in units of its size (of 1 where it is 0): it holds at 0 and below.

        Units of the bound let the excesses of several constraints be added up. None: the metric is missing or not
        finite.
        """
        value = metrics.get(self.metric)
        if value is None or not math.isfinite(value):
            return None
        beyond = value - self.bound if self.sign == "<=" else self.bound - value
        return beyond / (abs(self.bound) or 1.0)

    def __str__(self) -> str:
        return self.text
