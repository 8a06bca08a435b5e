"""Adversarial training (Goodfellow et al. 2015, Madry et al. 2018): a share of every batch is attacked before it is learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.data.dataset import Array
from trainables.neural.attack import Ball, pgd

__all__ = ["Hardening"]

FAST = 1.25
"""Length of the single step of FGSM from a random start, in radii (Wong et al. 2020)."""


class Hardening:
    """Attacks the first rows of each batch, which are any: batches are drawn in a fresh order.

    Args:
        options: ``adversarial.strength``, ``.steps`` and ``.share``, checked.
        train_x: inputs of the training rows: their deviations are the units of the strength, their extremes the bounds.
            An input with two values (a label) is left alone, unless all are such.
        device: of the batches.
    """

    def __init__(self, options: Mapping[str, Any], train_x: Array, device: torch.device) -> None:
        self._steps: int = options["adversarial.steps"]
        self._share: float = options["adversarial.share"]
        low, high, spread = train_x.min(axis=0), train_x.max(axis=0), train_x.std(axis=0)
        two = ((train_x == low) | (train_x == high)).all(axis=0)
        scale = spread if two.all() else np.where(two, 0.0, spread)
        scale, low, high = (
            torch.as_tensor(np.array(each, np.float32), device=device) for each in (scale, low, high)
        )
        self._ball = Ball("linf", options["adversarial.strength"], scale, low, high)

    def __call__(
        self, module: nn.Module, x: Tensor, y: Tensor, loss: Callable[[Tensor, Tensor], Tensor]
    ) -> Tensor:
        """The batch with its share attacked. The network is asked in evaluation, and left as it was.

        Draws from torch's global generator of the CPU.
        """
        attacked = round(self._share * len(x))
        if not attacked:
            return x
        some = x[:attacked]
        ball = self._ball
        # augmented rows may lie beyond the bounds of the data; they may stay there
        ball = Ball(
            ball.norm, ball.radius, ball.scale, torch.minimum(ball.low, some), torch.maximum(ball.high, some)
        )
        step = FAST * ball.radius if self._steps == 1 else 0.0
        with (
            _evaluating(module),
            torch.backends.cudnn.flags(enabled=False),
        ):  # whose recurrence cannot go back there
            moved = pgd(
                module,
                some,
                y[:attacked],
                loss,
                ball,
                steps=self._steps,
                step=step,
                generator=torch.default_generator,
            )
        return torch.cat([moved.detach(), x[attacked:]])


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Every part in evaluation; afterwards each as it was, also those that a member keeps in evaluation."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True
