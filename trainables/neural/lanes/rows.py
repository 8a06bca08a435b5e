"""The rows of a stack's tensors: one a lane."""

from __future__ import annotations

from torch import Tensor

__all__ = ["grown"]


def grown(tensor: Tensor, rows: int) -> Tensor:
    """The tensor with so many rows, at least as many as it has; the new ones are zero."""
    larger = tensor.new_zeros((rows, *tensor.shape[1:]))
    larger[: len(tensor)] = tensor
    return larger
