"""A function whose optimum is known, as a trainable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainables.base import Declaration
from trainables.errors import TrainableError, nearest

__all__ = ["KnownFunction"]


@dataclass(frozen=True, eq=False)
class KnownFunction:
    """A function to be minimised, hosted as a generator: what it yields is ``{"loss", "regret"}``.

    A config may hold one option beside the function's own parameters: ``steps`` (default 1), the number of
    steps a trial takes. At step s the loss carries a bias of 1/s - 1/steps, the same for every config: the
    order of two configs holds at each step and the last step shows the function's value itself. With steps=1
    the trial is over after one step.

    Attributes:
        value: the function, of a nested config; free of noise.
        parameters: its space in the spelling of a sweep file.
        optimum: its smallest value over that space.
        minimisers: the nested configs that reach it, to within 1e-4 (relative to 1 + abs(optimum)).
        noise: standard deviation of the Gaussian noise added to each loss, drawn from (seed, step).
    """

    value: Callable[[Mapping[str, Any]], float]
    parameters: Mapping[str, Any]
    optimum: float
    minimisers: tuple[Mapping[str, Any], ...]
    noise: float = 0.0

    @property
    def declared(self) -> Declaration:
        """Minimise "loss", one step a trial, over the function's own space."""
        return Declaration(metric="loss", goal="minimize", max_steps=1, parameters=self.parameters)

    def __call__(self, config: Mapping[str, Any], *, seed: int = 0) -> Iterator[dict[str, float]]:
        """Train one trial.

        Args:
            config: nested; every parameter of the function that is active, and perhaps ``steps``.
            seed: seeds the noise.

        Raises:
            TrainableError: a parameter is missing or unknown, or ``steps`` is below 1.
        """
        known = [*self.parameters, "steps", "data"]
        for name in config:
            if name not in known:
                raise TrainableError(f"this function has no parameter {name!r}; {nearest(name, known)}")
        steps = int(config.get("steps", 1))
        if steps < 1:
            raise TrainableError(f"steps is at least 1, not {steps}")
        try:
            value = float(self.value(config))
        except KeyError as error:
            raise TrainableError(
                f"the config lacks {error.args[0]!r}; this function's parameters: {', '.join(self.parameters)}"
            ) from error
        for step in range(1, steps + 1):
            loss = value + (1 / step - 1 / steps)
            if self.noise:
                loss += float(np.random.default_rng([seed, step]).normal(scale=self.noise))
            yield {"loss": loss, "regret": value - self.optimum}
