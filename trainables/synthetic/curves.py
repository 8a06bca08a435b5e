"""Learning curves in closed form: the final order of the configs is known, so a scheduler can be judged."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainables.base import Declaration, Trainable
from trainables.errors import TrainableError
from trainables.options import read_options

__all__ = ["Curves", "curve_loss"]

DEFAULTS: dict[str, Any] = {
    "quality": 0.5,
    "crossing": 0.0,
    "speed": 0.5,
    "noise": 0.0,
    "cost": 1.0,
    "steps": 27,
}


def curve_loss(quality: float, step: int, steps: int, *, crossing: float = 0.0, speed: float = 0.5) -> float:
    """The loss after `step` of `steps` steps, free of noise.

    It falls as a power law from 1 - quality + height at step 1 to exactly 1 - quality at the last step:

        loss(s) = 1 - quality + height * ((steps/s)**speed - 1) / (steps**speed - 1)
        height  = 0.5 + 1.5 * crossing * quality

    Without crossing all curves have the same height and keep their order at every step. With crossing = 1
    the order at step 1 is the reverse of the final one: the good configs are slow starters.

    Args:
        quality: in [0, 1]; the higher, the lower the final loss.
        step: 1 <= step <= steps.
        steps: length of the curve, at least 1.
        crossing: in [0, 1].
        speed: positive; the higher, the earlier a curve comes near its end.
    """
    if steps == 1:
        return 1 - quality
    height = 0.5 + 1.5 * crossing * quality
    return 1 - quality + height * (math.pow(steps / step, speed) - 1) / (math.pow(steps, speed) - 1)


class Curves(Trainable):
    """A trial that only follows `curve_loss`, in no time; it can be paused and resumed.

    Options: those of `curve_loss`; ``noise``, standard deviation of Gaussian noise drawn from (seed, step);
    ``cost``, virtual seconds of a step; ``steps`` (27), after which the trial is over. Metrics: "loss", and
    "seconds", the virtual cost of the step, for a simulated clock.
    """

    declared = Declaration(
        metric="loss",
        goal="minimize",
        max_steps=27,
        parameters={"quality": {"min": 0.0, "max": 1.0}},
        options=tuple(DEFAULTS),
    )

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        """Read the options; the device is not used.

        Raises:
            TrainableError: an unknown option, or one out of its range.
        """
        self._options = read_options(config, DEFAULTS, "curves")
        for name, low, high in (("quality", 0, 1), ("crossing", 0, 1), ("steps", 1, 10**9)):
            if not low <= self._options[name] <= high:
                raise TrainableError(f"curves: {name} is from {low} to {high}, not {self._options[name]}")
        if not self._options["speed"] > 0:
            raise TrainableError(f"curves: speed is above 0, not {self._options['speed']}")
        self._seed = seed
        self._step = 0

    def step(self) -> Mapping[str, float]:
        """The next point of the curve.

        Raises:
            StopIteration: the curve has ended.
        """
        o = self._options
        if self._step == o["steps"]:
            raise StopIteration
        self._step += 1
        loss = curve_loss(o["quality"], self._step, o["steps"], crossing=o["crossing"], speed=o["speed"])
        if o["noise"]:
            loss += float(np.random.default_rng([self._seed, self._step]).normal(scale=o["noise"]))
        return {"loss": loss, "seconds": o["cost"]}

    def save(self, directory: Path) -> None:
        """Write the step; all else follows from the config and the seed."""
        (directory / "curves.json").write_text(json.dumps({"step": self._step}))

    def load(self, directory: Path) -> None:
        """Read the step."""
        self._step = int(json.loads((directory / "curves.json").read_text())["step"])
