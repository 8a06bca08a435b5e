"""Layers that several architectures share: normalisation by name, and a linear layer with DropConnect."""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from trainables.errors import TrainableError, nearest
from trainables.neural.architecture import NORMS

__all__ = ["DropConnect", "norm"]

LARGEST_GROUPS = 8


def norm(name: str, channels: int, dimensions: Literal[0, 1, 2] = 2) -> nn.Module:
    """The normalisation layer for inputs of so many channels.

    Args:
        name: one of `architecture.NORMS`. Over maps "layer" normalises each example over its channels and places alike, which is
            a group normalisation of one group; "group" makes at most 8 groups, as many as divide the channels.
        channels: of the input, at least 1.
        dimensions: behind the channels: 0 for (rows, channels), 1 for (rows, channels, length), 2 for (rows,
            channels, height, width).

    Raises:
        TrainableError: there is none of that name.
    """
    if name not in NORMS:
        raise TrainableError(f"there is no norm {name!r}; {nearest(name, NORMS)}")
    if name == "none":
        return nn.Identity()
    if name == "batch":
        return (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d)[dimensions](channels)
    if name == "layer":
        return nn.LayerNorm(channels) if dimensions == 0 else nn.GroupNorm(1, channels)
    return nn.GroupNorm(math.gcd(channels, LARGEST_GROUPS), channels)


class DropConnect(nn.Linear):
    """A linear layer that, while it trains, drops each weight with probability `rate` (Wan et al. 2013).

    The kept weights are scaled by 1 / (1 - rate), so that evaluation uses the weights as they are, which is the mean
    of the random layer (the paper samples a Gaussian around it instead). One mask serves all rows of a batch.

    Args:
        inputs, outputs: features, at least 1.
        rate: in [0, 1); 0 = a plain linear layer.

    Raises:
        TrainableError: a rate outside [0, 1).
    """

    def __init__(self, inputs: int, outputs: int, rate: float = 0.0) -> None:
        super().__init__(inputs, outputs)
        if not 0 <= rate < 1:
            raise TrainableError(f"dropconnect is at least 0 and below 1, not {rate}")
        self.rate = rate

    def forward(self, input: Tensor) -> Tensor:
        """(rows, ..., inputs) -> (rows, ..., outputs)."""
        if not self.training or not self.rate:
            return super().forward(input)
        return functional.linear(input, functional.dropout(self.weight, self.rate), self.bias)

    def extra_repr(self) -> str:
        """As torch prints a layer."""
        return f"{super().extra_repr()}, rate={self.rate}"
