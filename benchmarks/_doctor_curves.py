"""Sweeps with a fault in their training curves or their early stopping, and sound ones, in closed form.

A sound curve comes down exponentially to 1 to 2 % of its gain above its end; the end is a bowl over the config. Steps, speed,
noise (white or red), the gap between the parts, the schedule and the objective are drawn anew for each sweep.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from _doctor_case import Case, Curve, Simulated

from search.problem import Objective
from trainables.synthetic.curves import curve_loss

__all__ = ["CURVE_CASES"]

SPACE: dict[str, Any] = {
    "lr": {"min": 1e-5, "max": 1e-1, "distribution": "log_uniform_values"},
    "width": {"min": 16, "max": 256, "step": 16},
    "dropout": {"min": 0.0, "max": 0.5},
}
CHECKS = (
    *(
        "overfitting",
        "underfitting",
        "still_improving",
        "saturated",
        "late_noise",
        "early_spikes",
        "periodic",
    ),
    *("rising_training", "clipping", "rung_ranks"),
)
METHODS = ("random", "tpe")
LOSS, ACCURACY = Objective("val/loss"), Objective("val/accuracy", "maximize")


@dataclass(frozen=True)
class Shape:
    """What the curves of one sweep have in common.

    `speed`: rate of the exponential over the whole length. `floor`: lowest training loss of the space. `noise`: s.d. of the
    validation loss from step to step, with `memory` (AR(1)). `gap`: of the validation loss above the training loss.
    The faults: `rise`: of the validation loss from its middle to the end. `train_rise`: of the training loss. `wave`:
    amplitude, with its period in steps. `leap`: of the first steps. `clipped`: share of updates.
    """

    steps: int
    speed: float
    objective: Objective
    cosine: bool
    floor: float = 0.2
    noise: float = 0.006
    memory: float = 0.0
    gap: float = 0.3
    rise: float = 0.0
    train_rise: float = 0.0
    wave: float = 0.0
    period: float = 5.0
    leap: float = 0.0
    clipped: float = 0.3


def drawn(rng: np.random.Generator) -> Shape:
    """A sound one."""
    return Shape(
        steps=int(rng.choice([20, 27, 50, 80])),
        speed=rng.uniform(4.3, 6.2),
        objective=[LOSS, ACCURACY][rng.integers(2)],
        cosine=bool(rng.integers(2)),
        noise=rng.uniform(0.002, 0.01),
        memory=[0.0, 0.4][rng.integers(2)],
        gap=rng.uniform(0.15, 0.5),
        clipped=rng.uniform(0.0, 0.6),
    )


def training(rng: np.random.Generator, shape: Shape) -> Curve:
    """The trainable of one sweep: the bottom of its bowl is drawn from `rng`."""
    centre = rng.uniform(0.3, 0.7, 3)

    def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Any:
        lr = math.log10(config["lr"]) / 4 + 1.25
        at = np.array([lr, (config["width"] - 16) / 240, config["dropout"] / 0.5])
        end = (
            shape.floor
            + 0.6 * float((at - centre) ** 2 @ [1.0, 0.6, 0.4])
            + 0.01 * abs(rng.standard_normal())
        )
        red, jitter = 0.0, rng.uniform(0.9, 1.1)
        for step in range(1, shape.steps + 1):
            done = step / shape.steps
            red = shape.memory * red + math.sqrt(1 - shape.memory**2) * rng.standard_normal()
            train = (
                end
                + (2.0 - end) * math.exp(-shape.speed * jitter * done)
                + shape.noise / 2 * rng.standard_normal()
            )
            train += shape.train_rise * max(0.0, done - 0.4)
            if 2 <= step <= max(3, shape.steps // 6):
                train += shape.leap * rng.uniform(0.7, 1.3)
            valid = (
                train
                + shape.gap * end
                + shape.noise * red
                + shape.wave * math.sin(2 * math.pi * step / shape.period)
            )
            valid += shape.rise * end * max(0.0, done - 0.5) / 0.5
            if shape.rise:
                train *= 1 - 0.5 * max(0.0, done - 0.5)
            rate = config["lr"] * (0.5 + 0.5 * math.cos(math.pi * done) if shape.cosine else 1.0)
            clipped = float(np.clip(shape.clipped + 0.02 * rng.standard_normal(), 0.0, 1.0))
            yield {
                "train/loss": train,
                "val/loss": valid,
                "val/accuracy": math.exp(-valid),
                "lr": rate,
                "clipped": clipped,
                "grad_norm": 3.0 + rng.random(),
            }

    return curve


def swept(
    change: Callable[[Shape, np.random.Generator], Shape],
) -> Callable[[np.random.Generator, int], Simulated]:
    """The sweep of a sound shape, changed."""

    def make(rng: np.random.Generator, trials: int) -> Simulated:
        shape = change(drawn(rng), rng)
        return Simulated(SPACE, training(rng, shape), shape.steps, shape.objective)

    return make


def compared(
    crossing: tuple[float, float], schedulers: Sequence[str]
) -> Callable[[np.random.Generator, int], Simulated]:
    """The closed curves of `trainables.synthetic`: with crossing 1 the order at the first step is the reverse of the last."""

    def make(rng: np.random.Generator, trials: int) -> Simulated:
        across, noise = rng.uniform(*crossing), rng.uniform(0.005, 0.02)

        def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Any:
            for step in range(1, 28):
                loss = curve_loss(config["quality"], step, 27, crossing=across)
                yield {"loss": loss + noise * rng.standard_normal()}

        space = {"quality": {"min": 0.0, "max": 1.0}}
        return Simulated(space, curve, 27, Objective("loss"), str(rng.choice(schedulers)))

    return make


def planted(check: str, change: Callable[[Shape, np.random.Generator], Shape]) -> Case:
    return Case(swept(change), planted={check: ""}, methods=METHODS, trials=(60,))


CURVE_CASES: dict[str, Case] = {
    "sound curves": Case(swept(lambda shape, rng: shape), sound=CHECKS, methods=METHODS),
    "validation rises": planted("overfitting", lambda shape, rng: replace(shape, rise=rng.uniform(0.3, 0.6))),
    "too little capacity": planted(
        "underfitting", lambda shape, rng: replace(shape, floor=0.7, gap=0.02, speed=rng.uniform(1.0, 2.0))
    ),
    "too few steps": planted(
        "still_improving", lambda shape, rng: replace(shape, speed=rng.uniform(1.0, 2.5))
    ),
    "too many steps": planted("saturated", lambda shape, rng: replace(shape, speed=rng.uniform(14.0, 30.0))),
    "noise at the end": planted(
        "late_noise", lambda shape, rng: replace(shape, noise=rng.uniform(0.08, 0.16))
    ),
    "leaps at the start": planted(
        "early_spikes", lambda shape, rng: replace(shape, leap=rng.uniform(0.8, 1.5))
    ),
    "periodic validation": planted(
        "periodic",
        lambda shape, rng: replace(
            shape,
            steps=int(rng.choice([27, 50, 80])),
            wave=3 * shape.noise,
            period=float(rng.choice([3, 4, 5, 6])),
        ),
    ),
    "training loss rises": planted(
        "rising_training", lambda shape, rng: replace(shape, train_rise=rng.uniform(0.5, 1.0))
    ),
    "always clipped": planted("clipping", lambda shape, rng: replace(shape, clipped=rng.uniform(0.99, 1.05))),
    "early ranks hold": Case(
        compared((0.0, 0.3), ["asha", "hyperband", "median"]), sound=["rung_ranks"], methods=METHODS
    ),
    "early ranks mislead": Case(
        compared((0.9, 1.0), ["hyperband"]), planted={"rung_ranks": ""}, methods=METHODS, trials=(60,)
    ),
}
"""Name -> case."""
