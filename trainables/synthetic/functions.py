"""The usual test functions of continuous parameters.

Formulas and optima: Surjanovic and Bingham, "Virtual Library of Simulation Experiments: Test Functions".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainables.synthetic.known import KnownFunction

__all__ = ["ackley", "branin", "hartmann6", "rastrigin", "rosenbrock", "sphere"]


def _box(names: tuple[str, ...], low: float, high: float) -> dict[str, dict[str, float]]:
    return {name: {"min": low, "max": high} for name in names}


def _vector(config: Mapping[str, Any], names: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([config[name] for name in names], dtype=float)


X2 = ("x1", "x2")
X4 = ("x1", "x2", "x3", "x4")
X6 = ("x1", "x2", "x3", "x4", "x5", "x6")


def _branin(config: Mapping[str, Any]) -> float:
    x, y = _vector(config, X2)
    parabola = y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6
    return float(parabola**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)


HARTMANN_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def _hartmann6(config: Mapping[str, Any]) -> float:
    distances = (HARTMANN_A * (_vector(config, X6) - HARTMANN_P) ** 2).sum(axis=1)
    return float(-(HARTMANN_ALPHA * np.exp(-distances)).sum())


def _sphere(config: Mapping[str, Any]) -> float:
    return float((_vector(config, X4) ** 2).sum())


def _rosenbrock(config: Mapping[str, Any]) -> float:
    x = _vector(config, X4)
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def _ackley(config: Mapping[str, Any]) -> float:
    x = _vector(config, X4)
    bowl = -20 * np.exp(-0.2 * np.sqrt((x**2).mean()))
    return float(bowl - np.exp(np.cos(2 * np.pi * x).mean()) + 20 + np.e)


def _rastrigin(config: Mapping[str, Any]) -> float:
    x = _vector(config, X4)
    return float(10 * len(x) + (x**2 - 10 * np.cos(2 * np.pi * x)).sum())


branin = KnownFunction(
    value=_branin,
    parameters={"x1": {"min": -5.0, "max": 10.0}, "x2": {"min": 0.0, "max": 15.0}},
    optimum=0.39788735772973816,
    minimisers=(
        {"x1": -np.pi, "x2": 12.275},
        {"x1": np.pi, "x2": 2.275},
        {"x1": 3 * np.pi, "x2": 2.475},
    ),
)

hartmann6 = KnownFunction(
    value=_hartmann6,
    parameters=_box(X6, 0.0, 1.0),
    optimum=-3.322368011415515,
    minimisers=(
        dict(zip(X6, (0.20168952, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730053), strict=True)),
    ),
)

# the boxes are off-centre: a searcher that tries the middle first must not be right by luck
sphere = KnownFunction(
    value=_sphere,
    parameters=_box(X4, -4.0, 6.0),
    optimum=0.0,
    minimisers=(dict.fromkeys(X4, 0.0),),
)

rosenbrock = KnownFunction(
    value=_rosenbrock,
    parameters=_box(X4, -2.0, 3.0),
    optimum=0.0,
    minimisers=(dict.fromkeys(X4, 1.0),),
)

ackley = KnownFunction(
    value=_ackley,
    parameters=_box(X4, -20.0, 32.0),
    optimum=0.0,
    minimisers=(dict.fromkeys(X4, 0.0),),
)

rastrigin = KnownFunction(
    value=_rastrigin,
    parameters=_box(X4, -4.0, 5.12),
    optimum=0.0,
    minimisers=(dict.fromkeys(X4, 0.0),),
)
