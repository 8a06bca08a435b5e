"""The parts that convolutional networks are built from. Maps are (rows, channels, height, width)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.errors import TrainableError, nearest
from trainables.neural.activations import activation
from trainables.neural.architecture import POOLS
from trainables.neural.layers import DropConnect, norm

__all__ = ["Concatenate", "CutAndPad", "Residual", "check_sizes", "convolve", "head", "shrinking"]


def check_sizes(owner: str, options: Mapping[str, Any], *names: str) -> None:
    """Check that the named options, which count something, are at least 1, and that a kernel is odd.

    Raises:
        TrainableError: naming the first that is not.
    """
    for name in names:
        if options[name] < 1:
            raise TrainableError(f"{owner}: {name} is at least 1, not {options[name]}")
    kernel = options.get("model.kernel", 1)
    if kernel < 1 or kernel % 2 == 0:
        raise TrainableError(
            f"{owner}: model.kernel is odd and at least 1 (it has a pixel in the middle), not {kernel}"
        )


def shrinking(height: int, width: int, stages: int, stride: int) -> list[int]:
    """The stride of each stage: 1 for the first, `stride` for the others while there is something to shrink.

    A map is never made smaller than 2 x 2, so that a deep network may be tried on small images: 8 x 8 digits
    go 8, 4, 2 and stay there, however many stages follow.
    """
    strides = [1]
    for _ in range(stages - 1):
        shrinks = min(height, width) >= 2 * stride
        strides.append(stride if shrinks else 1)
        if shrinks:
            height, width = -(-height // stride), -(-width // stride)
    return strides


def convolve(
    inputs: int, outputs: int, kernel: int, *, stride: int = 1, normalise: str, activate: str
) -> nn.Sequential:
    """Convolution, norm and activation; the map keeps its size, divided by `stride` and rounded up.

    The convolution has a bias only where no norm follows: a norm would take it out again.
    """
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=normalise == "none"),
        norm(normalise, outputs),
        activation(activate),
    )


def head(
    inputs: int, outputs: int, *, pool: str, pixels: int, dropout: float, dropconnect: float
) -> nn.Sequential:
    """From the last map to the outputs.

    Args:
        inputs: channels of the map.
        outputs: classes, or numbers to predict.
        pool: "average" or "max" over the whole map; "flatten": every pixel has weights of its own.
        pixels: of the map, height times width.
        dropout: of the numbers that the last layer sees, in [0, 1).
        dropconnect: of the last layer's weights, in [0, 1).

    Raises:
        TrainableError: an unknown `pool`, or a share out of its range.
    """
    if pool not in POOLS:
        raise TrainableError(f"there is no model.pool {pool!r}; {nearest(pool, POOLS)}")
    if not 0 <= dropout < 1:
        raise TrainableError(f"dropout is at least 0 and below 1, not {dropout}")
    features = inputs * (pixels if pool == "flatten" else 1)
    layers: list[nn.Module] = [nn.Flatten(), nn.Dropout(dropout), DropConnect(features, outputs, dropconnect)]
    if pool != "flatten":
        layers.insert(0, nn.AdaptiveAvgPool2d(1) if pool == "average" else nn.AdaptiveMaxPool2d(1))
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """`after(shortcut(x) + branch(x))` (He et al. 2016a, equation 2).

    Args:
        branch: what is learnt.
        shortcut: what carries x past it.
        after: applied to the sum: an activation, or nothing.
        drop: probability with which a row skips the branch in training, in [0, 1); rows that keep it have it
            scaled by 1 / (1 - drop) (stochastic depth, Huang et al. 2016).
    """

    def __init__(self, branch: nn.Module, shortcut: nn.Module, after: nn.Module, drop: float = 0.0) -> None:
        super().__init__()
        self.branch, self.shortcut, self.after, self.drop = branch, shortcut, after, drop

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, channels, height, width)."""
        learnt = self.branch(x)
        if self.drop and self.training:
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.drop
            learnt = learnt * kept / (1 - self.drop)
        out: Tensor = self.after(self.shortcut(x) + learnt)
        return out


class CutAndPad(nn.Module):
    """The shortcut without weights: every `stride`-th pixel, new channels zero (He et al. 2016a, option A)."""

    def __init__(self, new_channels: int, stride: int) -> None:
        super().__init__()
        self.new_channels, self.stride = new_channels, stride

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, channels, height, width)."""
        before = self.new_channels // 2
        cut = x[:, :, :: self.stride, :: self.stride]
        return functional.pad(cut, (0, 0, 0, 0, before, self.new_channels - before))


class Concatenate(nn.Module):
    """What several branches make of x, side by side as channels."""

    def __init__(self, branches: Sequence[nn.Module]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, channels, height, width); the branches keep height and width."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)
