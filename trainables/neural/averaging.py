"""A moving average of a network's weights: another network, to be evaluated in its place."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

__all__ = ["MovingAverage"]


class MovingAverage:
    """Averages weights, and the statistics of batch norms, over the updates (Polyak and Juditsky 1992), exponentially.

    Torch's `AveragedModel` does the same, but copies a counter to the device after every update, which makes a GPU
    wait; the arithmetic here is its `get_ema_multi_avg_fn`.

    Args:
        module: the network, on its device; its present weights are the first average.
        decay: share of the average that an update leaves, in (0, 1).

    Attributes:
        module: the averaged network.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(module).requires_grad_(False)
        self._source = module
        self._blend = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def update(self) -> None:
        """After an update of the network's weights."""
        averages, now = list(self.module.parameters()), [p.detach() for p in self._source.parameters()]
        for average, buffer in zip(self.module.buffers(), self._source.buffers(), strict=True):
            if buffer.is_floating_point():
                averages.append(average)  # type: ignore[arg-type]
                now.append(buffer)
            else:
                average.copy_(buffer)
        self._blend(averages, now, None)

    def state_dict(self) -> dict[str, Tensor]:
        """The averages."""
        return self.module.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go back to where `state_dict` was called."""
        self.module.load_state_dict(state)
