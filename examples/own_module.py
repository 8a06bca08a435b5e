"""Networks of one's own, without a training loop: see own_module.yaml."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Mixer(nn.Module):
    """A small MLP-Mixer (Tolstikhin et al. 2021): patches of an image talk to each other, then their channels do.

    `shape` and `outputs` are asked for by name, and given: the shape of an image and the number of classes. All other
    arguments are options, `model.width` and so on, and may be parameters of a sweep.
    """

    views = "images"  # what it reads: the digits as (1, 8, 8) images, not as rows of 64 numbers

    def __init__(
        self,
        shape: tuple[int, ...],
        outputs: int,
        width: int = 48,
        blocks: int = 2,
        patch: int = 2,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        channels, height, rows = shape
        patches = (height // patch) * (rows // patch)
        self.cut = nn.Conv2d(channels, width, patch, stride=patch)
        self.blocks = nn.ModuleList(Block(patches, width, dropout) for _ in range(blocks))
        self.head = nn.Linear(width, outputs)

    def forward(self, images: Tensor) -> Tensor:
        patches = self.cut(images).flatten(2).transpose(1, 2)  # (rows, patches, width)
        for block in self.blocks:
            patches = block(patches)
        return torch.as_tensor(self.head(patches.mean(dim=1)))


class Block(nn.Module):
    """Mixes over patches, then over channels, each added to what came in."""

    def __init__(self, patches: int, width: int, dropout: float) -> None:
        super().__init__()
        self.across = nn.Sequential(nn.LayerNorm(width), Turned(perceptron(patches, dropout)))
        self.along = nn.Sequential(nn.LayerNorm(width), perceptron(width, dropout))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.across(x)
        return x + torch.as_tensor(self.along(x))


class Turned(nn.Module):
    """Applies a module along the last axis but one."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.module(x.transpose(1, 2))).transpose(1, 2)


def perceptron(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, 2 * width),
        nn.GELU(),
        nn.Dropout(dropout),
        nn.Linear(2 * width, width),
        nn.Dropout(dropout),
    )
