"""Always-valid comparison of two arms: it may be looked at after every row, and ended when it says so.

The mixture sequential probability ratio test with a normal mixture (Robbins 1970; for A/B tests: Johari, Koomen,
Pekelis and Walsh 2022, "Always Valid Inference"), with the variances estimated as the rows come. By the central limit
theorem that holds at all times at once (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, "Time-uniform central
limit theory and asymptotic confidence sequences", Theorem 2.2) the test and its confidence sequence hold for any
outcome with a finite variance, rates included. "Asymptotic" means: not from the first row on, so it is silent until
each arm has had `BURN_IN` rows, and of a rate `EVENTS` of each outcome.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["BURN_IN", "EVENTS", "PLANNED", "Sequence", "half_width", "sequence"]

Floats = npt.NDArray[np.float64]

BURN_IN = 50
"""Rows of each arm before anything is said."""

EVENTS = 10
"""Ones and zeros that each arm of a rate has had before anything is said."""

PLANNED = 10_000
"""Rows of both arms for which the interval is made narrowest where no plan says otherwise."""


@dataclass(frozen=True, eq=False)
class Sequence:
    """What was known after each row; each (rows,), NaN (p: 1) before anything is said.

    Attributes:
        estimate: mean of the treatment minus that of the control.
        low, high: the confidence sequence: with a chance of 1 - alpha it holds the difference after every row at once.
        p: the always-valid p of no difference; it never rises.
    """

    estimate: Floats
    low: Floats
    high: Floats
    p: Floats


def half_width(rows: float, scale: float, alpha: float, planned: float) -> float:
    """Half of the interval after so many rows of both arms.

    Args:
        scale: variance of the difference times those rows.
        planned: rows at which it is to be narrowest; chosen before the first look.
    """
    spread = rows * _rho2(alpha, planned)
    return math.sqrt(scale / rows * 2 * (spread + 1) / spread * math.log(math.sqrt(spread + 1) / alpha))


def sequence(
    treated: npt.NDArray[np.bool_],
    values: Floats,
    *,
    alpha: float,
    planned: int = PLANNED,
    rate: bool = False,
) -> Sequence:
    """Follow a comparison from its first row to its last.

    Args:
        treated: (rows,) in the order in which they came: whether the row is of the treatment.
        values: (rows,) finite outcomes.
        alpha: in (0, 1).
        planned: rows of both arms at which the interval is to be narrowest. It has to be chosen before looking; a bad
            choice costs width and never validity.
        rate: whether the outcomes are 0 and 1.
    """
    n = np.arange(1, len(values) + 1, dtype=np.float64)
    treatment, control = _running(treated, values), _running(~treated, values)
    speaks = (treatment.count >= BURN_IN) & (control.count >= BURN_IN)
    if rate:
        for arm in (treatment, control):
            ones = np.rint(arm.mean * arm.count)
            speaks &= (ones >= EVENTS) & (arm.count - ones >= EVENTS)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        scale = n * (treatment.variance / treatment.count + control.variance / control.count)
        speaks &= scale > 0
        estimate = treatment.mean - control.mean
        spread = n * _rho2(alpha, planned)
        half = np.sqrt(scale / n * 2 * (spread + 1) / spread * np.log(np.sqrt(spread + 1) / alpha))
        # Johari et al. 2022, eq. (9): the ratio's logarithm, of which 1 / ratio is an always-valid p
        ratio = n * estimate**2 / (2 * scale) * spread / (spread + 1) - np.log(spread + 1) / 2
    ratio = np.where(speaks, ratio, -np.inf)
    estimate, half = np.where(speaks, estimate, np.nan), np.where(speaks, half, np.nan)
    p = np.exp(-np.maximum(np.maximum.accumulate(ratio), 0.0)) if len(values) else np.zeros(0)
    return Sequence(estimate, estimate - half, estimate + half, p)


@dataclass(frozen=True, eq=False)
class _Running:
    count: Floats
    mean: Floats
    variance: Floats


def _running(mine: npt.NDArray[np.bool_], values: Floats) -> _Running:
    """Count, mean and variance of an arm after each row."""
    shift = float(values[mine].mean()) if mine.any() else 0.0  # else sums of squares of large values cancel
    held = np.where(mine, values - shift, 0.0)
    count, total, squares = np.cumsum(mine, dtype=np.float64), np.cumsum(held), np.cumsum(held**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        variance = np.maximum(squares - count * mean**2, 0.0) / (count - 1)
    return _Running(count, mean + shift, variance)


def _rho2(alpha: float, planned: float) -> float:
    """The mixture's variance by which the interval is narrowest after `planned` rows (Waudby-Smith et al. 2024, B.2)."""
    return (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / planned
