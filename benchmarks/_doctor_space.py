"""Sweeps with a fault in the search space or in the statistics, and sound ones: bowls in the parameters' own scales."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from _doctor_case import Case, Curve, Simulated

__all__ = ["SPACE_CASES"]

SPACE: dict[str, Any] = {
    "lr": {"min": 1e-5, "max": 1e-1, "distribution": "log_uniform_values"},
    "width": {"min": 16, "max": 256, "step": 16},
    "dropout": {"min": 0.05, "max": 0.6},
    "optimizer": {"values": ["sgd", "adam", "lion"]},
}
BOWL = ("lr", "width", "dropout")
SOUND = ("bounds", "infeasible", "divergence", "idle", "effort", "steps_parameter", "fixed")
STEPS = 4
Value = Callable[[Mapping[str, Any]], float]


def units(config: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of `SPACE` on the unit interval."""
    return {
        "lr": (math.log10(config["lr"]) + 5) / 4,
        "width": (config["width"] - 16) / 240,
        "dropout": (config["dropout"] - 0.05) / 0.55,
    }


def bowl(rng: np.random.Generator, **centre: float) -> Value:
    """A quadratic bowl with its bottom within the middle half but where `centre` says, and one choice best by 0.1.

    The three numbers weigh 1, 0.7 and 0.5 in an order drawn at random.
    """
    middle = {name: rng.uniform(0.3, 0.7) for name in BOWL} | centre
    weight = dict(zip(BOWL, rng.permutation([1.0, 0.7, 0.5]), strict=True))
    choice = dict(zip(SPACE["optimizer"]["values"], rng.permutation([0.0, 0.1, 0.1]), strict=True))

    def value(config: Mapping[str, Any]) -> float:
        at = units(config)
        spread = sum(weight[name] * (at[name] - middle[name]) ** 2 for name in BOWL)
        return float(spread + choice[config["optimizer"]])

    return value


def trained(value: Value, noise: float = 0.02, wobble: float = 0.002) -> Curve:
    """Four steps that come down to the value, with a seed's luck of s.d. `noise` and `wobble` from step to step."""

    def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Any:
        end = value(config) + noise * rng.standard_normal()
        for step in range(1, STEPS + 1):
            yield {"loss": end + math.exp(-3 * step) + wobble * rng.standard_normal()}

    return curve


def sound(rng: np.random.Generator, trials: int) -> Simulated:
    """Nothing is wrong with it; one trial in fifty raises for no reason."""
    inner = trained(bowl(rng))

    def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Any:
        if rng.random() < 0.02:
            raise RuntimeError("the node went away")
        yield from inner(config, rng)

    return Simulated(SPACE, curve, STEPS)


def at_bound(rng: np.random.Generator, trials: int) -> Simulated:
    """The best learning rate lies half a decade and more above the upper bound."""
    return Simulated(SPACE, trained(bowl(rng, lr=1.15)), STEPS)


SPACE_CASES: dict[str, Case] = {
    "sound": Case(sound, sound=SOUND),
    "best beyond a bound": Case(at_bound, planted={"bounds": "lr"}),
}
"""Name -> case."""
