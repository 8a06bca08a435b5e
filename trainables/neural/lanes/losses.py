"""The losses of all lanes from one call: those of `trainables.neural.losses`, with a smoothing for each lane."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["batch_losses", "mixed_losses"]


def batch_losses(outputs: Tensor, y: Tensor, smoothing: Tensor | None) -> Tensor:
    """The mean loss of each lane's batch, (lanes,).

    Args:
        outputs: (lanes, rows, classes), or (lanes, rows, values) where `y` is no classes.
        y: (lanes, rows) classes, or (lanes, rows, values).
        smoothing: (lanes,) share of a class's probability that is spread over all; None = none in any lane.
    """
    if y.dim() == outputs.dim():
        return (outputs - y).square().mean((1, 2))
    if smoothing is None:
        each = functional.cross_entropy(outputs.flatten(0, 1), y.flatten(), reduction="none")
        return each.view(y.shape).mean(1)
    logs = outputs.log_softmax(2)
    plain = -logs.gather(2, y.unsqueeze(2)).mean((1, 2))
    # where, not a product: a lane without smoothing must not see an infinite mean of the logarithms
    spread = torch.where(smoothing > 0, -logs.mean((1, 2)) * smoothing, 0.0)
    return (1 - smoothing) * plain + spread


def mixed_losses(
    outputs: Tensor, y: Tensor, other: Tensor, share: Tensor, smoothing: Tensor | None
) -> Tensor:
    """The loss of blended inputs, (lanes,): `share` (lanes,) of their targets is `y`, the rest `other`."""
    if y.dim() == outputs.dim():
        return batch_losses(outputs, torch.lerp(other, y, share[:, None, None]), smoothing)
    own, others = batch_losses(outputs, y, smoothing), batch_losses(outputs, other, smoothing)
    return share * own + (1 - share) * others
