"""Noise on rows of plain numbers: series, and images that a model reads as numbers."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["NoiseAugmenter"]


class NoiseAugmenter:
    """Adds normal noise to every number.

    Args:
        noise: its deviation, in deviations of the training rows; at least 0.
        deviation: (features,) or (channels,), standard deviation of the training rows, along the last axis of a batch.
    """

    def __init__(self, noise: float, deviation: Tensor) -> None:
        self._scale = noise * deviation

    def __call__(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """`rows`: (rows, features) or (rows, length, channels), floating point."""
        drawn = torch.randn(rows.shape, generator=generator, device=generator.device).to(rows)
        return rows + drawn * self._scale.to(rows)
