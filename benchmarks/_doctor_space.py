"""Sweeps with a fault in the search space or in the statistics, and sound ones: bowls in the parameters' own scales."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from _doctor_case import Case, Curve, Simulated

from spaces import parse_parameters

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
    value = bowl(rng)
    inner = trained(value)

    def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Any:
        if rng.random() < 0.02:
            raise RuntimeError("the node went away")
        yield from inner(config, rng)

    return Simulated(SPACE, curve, STEPS, best={"optimizer": best_choice(value)})


def at_bound(rng: np.random.Generator, trials: int) -> Simulated:
    """The best learning rate lies half a decade and more above the upper bound."""
    return Simulated(SPACE, trained(bowl(rng, lr=1.15)), STEPS)


def diverging(value: Value, above: float) -> Curve:
    """Nine of ten trials with a learning rate above the threshold end with no number."""
    inner = trained(value)

    def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Any:
        if config["lr"] > above and rng.random() < 0.9:
            yield {"loss": math.nan}
        else:
            yield from inner(config, rng)

    return curve


def part_fails(rng: np.random.Generator, trials: int) -> Simulated:
    """The upper quarter of the learning rates diverges; the best ones are a decade and more below."""
    return Simulated(SPACE, diverging(bowl(rng, lr=rng.uniform(0.3, 0.5)), 1e-2), STEPS)


def edge(rng: np.random.Generator, trials: int) -> Simulated:
    """The higher the learning rate the better, until training diverges in the upper quarter."""
    return Simulated(SPACE, diverging(bowl(rng, lr=0.9), 1e-2), STEPS)


def a_choice_fails(rng: np.random.Generator, trials: int) -> Simulated:
    """One of three optimizers raises, whichever would be the best."""
    broken, inner = rng.choice(SPACE["optimizer"]["values"]), trained(bowl(rng))

    def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Any:
        if config["optimizer"] == broken:
            raise RuntimeError("not implemented")
        yield from inner(config, rng)

    return Simulated(SPACE, curve, STEPS)


def long_training(rng: np.random.Generator, trials: int) -> Simulated:
    """The number of epochs is searched along, and the more of them the better."""
    value = bowl(rng)
    space = SPACE | {"epochs": {"min": 5, "max": 50}}
    return Simulated(space, trained(lambda config: value(config) + 1 / config["epochs"]), STEPS)


def does_nothing(rng: np.random.Generator, trials: int) -> Simulated:
    """A parameter among the others that nothing reads."""
    return Simulated(SPACE | {"momentum": {"min": 0.1, "max": 0.9}}, trained(bowl(rng)), STEPS)


def dismissed(rng: np.random.Generator, trials: int) -> Simulated:
    """The best of three optimizers comes in the fourth and the eighth trial and never again."""
    inner = bowl(rng)
    choices, best = SPACE["optimizer"]["values"], best_choice(inner)
    space = parse_parameters(SPACE)
    points = []
    for number in range(trials):
        among = [best] if number in (3, 7) else [each for each in choices if each != best]
        points.append(space.sample(rng) | {"optimizer": str(rng.choice(among))})
    return Simulated(SPACE, trained(inner), STEPS, points=points)


def best_choice(value: Value) -> str:
    """The optimizer that is best whatever the numbers."""
    choices: list[str] = SPACE["optimizer"]["values"]
    return min(choices, key=lambda each: value(space_middle() | {"optimizer": each}))


def space_middle() -> dict[str, Any]:
    """The numbers of `SPACE` in the middle of their scales."""
    return {"lr": 1e-3, "width": 128, "dropout": 0.3}


def levelled(rng: np.random.Generator, trials: int) -> Simulated:
    """Two numbers and no choice: some tens of trials come close to the bottom."""
    space = {name: SPACE[name] for name in ("lr", "width")}
    a, b = rng.uniform(0.3, 0.7, 2)

    def value(config: Mapping[str, Any]) -> float:
        return ((math.log10(config["lr"]) + 5) / 4 - a) ** 2 + ((config["width"] - 16) / 240 - b) ** 2

    return Simulated(space, trained(value, noise=0.002), STEPS)


def falling(rng: np.random.Generator, trials: int) -> Simulated:
    """The logarithm of the distance to a point: each doubling of the trials gains as much as the one before."""
    value = bowl(rng)
    return Simulated(SPACE, trained(lambda config: 0.2 * math.log(value(config) + 1e-6), noise=0.01), STEPS)


TABLE: dict[str, Any] = {"depth": {"values": [2, 4, 6, 8]}, "kind": {"values": ["a", "b", "c"]}}
LONG = 12  # steps, enough to see a wobble


def apart(rng: np.random.Generator, trials: int) -> Simulated:
    """Twelve configs a tenth apart from one to the next, ten times the luck of a seed."""
    order = dict(zip(((d, k) for d in (2, 4, 6, 8) for k in "abc"), rng.permutation(12), strict=True))
    return Simulated(TABLE, trained(lambda c: 0.1 * float(order[c["depth"], c["kind"]]), noise=0.01), STEPS)


def tied(rng: np.random.Generator, trials: int) -> Simulated:
    """Twelve configs of which the best four are equal but for the luck of a seed."""
    order = dict(zip(((d, k) for d in (2, 4, 6, 8) for k in "abc"), rng.permutation(12), strict=True))
    return Simulated(
        TABLE, trained(lambda c: 0.1 * max(3.0, float(order[c["depth"], c["kind"]])), noise=0.01), STEPS
    )


def crowded(rng: np.random.Generator, trials: int) -> Simulated:
    """Every config runs once, and the values wobble by more than the best of them differ."""
    value = bowl(rng)

    def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Any:
        end = value(config) + 0.02 * rng.standard_normal()
        for step in range(1, LONG + 1):
            yield {"loss": end + math.exp(-step) + 0.05 * rng.standard_normal()}

    return Simulated(SPACE, curve, LONG)


SPACE_CASES: dict[str, Case] = {
    "sound": Case(sound, sound=SOUND),
    "best beyond a bound": Case(at_bound, planted={"bounds": "lr"}, sound=("infeasible", "divergence")),
    "the upper quarter fails": Case(part_fails, planted={"infeasible": "lr"}, sound=("divergence", "bounds")),
    "best where it diverges": Case(edge, planted={"infeasible": "lr", "divergence": "lr"}),
    "a choice fails": Case(
        a_choice_fails, planted={"infeasible": "optimizer"}, sound=("bounds", "divergence")
    ),
    "epochs are searched": Case(long_training, planted={"steps_parameter": "epochs"}, trials=(30, 60)),
    "one does nothing": Case(does_nothing, planted={"idle": "momentum"}, sound=("bounds",)),
    "a choice is dismissed": Case(dismissed, planted={"effort": "optimizer"}, methods=("random",)),
    "levelled off": Case(levelled, sound=("enough",), trials=(60, 100)),
    "still falling": Case(falling, planted={"enough": ""}),
    "configs far apart": Case(apart, sound=("gap",)),
    "configs tied": Case(tied, planted={"gap": ""}),
    "the top is crowded": Case(crowded, planted={"gap": ""}),
}
"""Name -> case."""
