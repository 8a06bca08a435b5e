"""Do the stated probabilities come true? Reliability, its error, and one number that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deploy.validation.intervals import share_interval

__all__ = ["Bin", "at_temperature", "ece", "ece_by_chance", "fit_temperature", "log_losses", "reliability"]

Array = np.ndarray[Any, np.dtype[Any]]

BINS = 10
TINY, FLOOR = 1e-30, 1e-12
HOTTEST = 20.0


@dataclass(frozen=True)
class Bin:
    """Rows whose stated confidence lies in [low, high).

    Attributes:
        confidence: their mean probability of the answer given.
        accuracy: the share of them whose answer was right, `interval` its 95 % interval.
    """

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float
    interval: tuple[float, float]


def reliability(probabilities: Array, y: Array, bins: int = BINS) -> list[Bin]:
    """Stated confidence against the share that is right, in bins of one width; empty bins are left out.

    Args:
        probabilities: (rows, classes), each row adding up to 1.
        y: (rows,) the true classes.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    place = _places(confidence, bins)
    found = []
    for each in range(bins):
        inside = place == each
        if rows := int(inside.sum()):
            hits = float(right[inside].sum())
            low, high = each / bins, (each + 1) / bins
            mean = float(confidence[inside].mean())
            found.append(Bin(low, high, rows, mean, hits / rows, share_interval(hits, rows)))
    return found


def ece(probabilities: Array, y: Array, bins: int = BINS) -> float:
    """Expected calibration error in [0, 1]: the mean distance of confidence and accuracy over `reliability`'s bins
    (Guo et al. 2017). Of few rows it is above 0 even where all is well: see `ece_by_chance`. NaN without rows."""
    if not len(y):
        return float("nan")
    return _error(probabilities.max(axis=1), probabilities.argmax(axis=1) == y, bins)


def ece_by_chance(
    probabilities: Array, rng: np.random.Generator, bins: int = BINS, draws: int = 1000
) -> Array:
    """`ece` of so many draws in which each answer is right with just the probability stated (Broecker and Smith 2007).

    Calling a model miscalibrated whose own value lies above 95 % of them is wrong with probability 0.05.
    """
    confidence = probabilities.max(axis=1)
    return np.array(
        [_error(confidence, rng.random(len(confidence)) < confidence, bins) for _ in range(draws)]
    )


def at_temperature(probabilities: Array, temperature: float) -> Array:
    """The probabilities with their logarithms divided by `temperature` > 0: above 1 less certain; the answers stay."""
    logs = np.log(np.maximum(probabilities, TINY)) / temperature
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(probabilities: Array, y: Array) -> float:
    """The temperature in [0.05, 20] with the smallest log loss on these rows (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar

    def cost(log_temperature: float) -> float:
        return float(log_losses(at_temperature(probabilities, float(np.exp(log_temperature))), y).mean())

    reach = np.log(HOTTEST)
    found = minimize_scalar(cost, bounds=(-reach, reach), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def log_losses(probabilities: Array, y: Array) -> Array:
    """Minus the logarithm of the true class's probability, in nats (rows,); of 1e-12 where it is smaller."""
    return np.asarray(-np.log(np.maximum(probabilities[np.arange(len(y)), y], FLOOR)))


def _error(confidence: Array, right: Array, bins: int) -> float:
    place = _places(confidence, bins)
    gaps = np.bincount(place, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def _places(confidence: Array, bins: int) -> Array:
    return np.minimum((confidence * bins).astype(np.int64), bins - 1)
