"""Equally spaced values on the unit interval: each value owns one cell of [0, 1]."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from spaces.errors import SpaceError

__all__ = ["Lattice"]

_MOST = 2**40  # cells that a float in [0, 1] can still tell apart after a logarithm


@dataclass(frozen=True)
class Lattice:
    """`count` values first, first + 1, ... in units of the step; linear, or logarithmic in weight.

    Linear: all cells are equally wide. Logarithmic: value x owns [x - 1/2, x + 1/2] on a logarithmic axis,
    so that the cells tile [first - 1/2, first + count - 1/2] and a value's probability falls as 1/x
    (for a step of 1 this is Optuna's definition).

    Raises:
        SpaceError: more than 2**40 values, or a logarithmic one whose lowest cell would reach 0.
    """

    count: int
    first: Fraction
    log: bool

    def __post_init__(self) -> None:
        if self.count > _MOST or (self.log and self.first + self.count > _MOST):
            raise SpaceError(f"a lattice may have at most 2**40 values, got {self.count}: take a larger step")
        if self.log and self.first <= Fraction(1, 2):
            raise SpaceError("on a logarithmic scale the lower bound must be more than half a step")

    def index(self, u: float) -> int:
        """The value (0-based) whose cell holds u in [0, 1]."""
        if not self.log:
            return min(int(u * self.count), self.count - 1)
        low, width = self._log_range()
        cell = math.floor(math.exp(low + u * width) - float(self.first) + 0.5)
        return min(max(cell, 0), self.count - 1)

    def unit(self, index: int) -> float:
        """The middle of a value's cell (0-based) in [0, 1]."""
        if not self.log:
            return (index + 0.5) / self.count
        low, width = self._log_range()
        x = float(self.first) + index
        return ((math.log(x - 0.5) + math.log(x + 0.5)) / 2 - low) / width

    def _log_range(self) -> tuple[float, float]:
        low = math.log(float(self.first) - 0.5)
        return low, math.log(float(self.first) + self.count - 0.5) - low
