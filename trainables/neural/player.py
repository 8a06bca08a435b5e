"""One network of a generative model with all that updates it: optimizer, schedule, clipping, moving average."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from trainables.neural.averaging import MovingAverage
from trainables.neural.initializers import initialize
from trainables.neural.optimizers import make_optimizer, put_back
from trainables.neural.schedules import Schedule

__all__ = ["Player"]


class Player:
    """A network that goes down its own losses; an autoencoder has one, a generator has an opponent.

    Args:
        network: freshly made, on its device; an initializer's draws come from torch's global generator.
        options: `TRAINING` options, checked; read are the optimizer, lr and what belongs to it, clip, the schedule,
            the initializer and ema.
        updates: of its weights in an epoch, at least 1.

    Attributes:
        network: what is trained.
        gradient_norm: 2-norm of the last update's gradient, before it was clipped.
    """

    def __init__(self, network: nn.Module, options: Mapping[str, Any], updates: int) -> None:
        initialize(network, options["initializer"], options["initializer_scale"])
        self.network = network
        self.gradient_norm = torch.zeros(())
        self._clip = float(options["clip"]) or float("inf")
        self._parameters = list(network.parameters())
        self._optimizer = make_optimizer(self._parameters, options)
        self._schedule = Schedule(self._optimizer, options, updates)
        self._average = MovingAverage(network, options["ema"]) if options["ema"] else None

    @property
    def averaged(self) -> nn.Module:
        """The network with the moving average of its weights; without one, the network itself."""
        return self.network if self._average is None else self._average.module

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        return self._schedule.rate

    def descend(self, loss: Tensor) -> None:
        """One update. The gradient is taken of this network alone, whatever other networks the loss went through."""
        self._optimizer.zero_grad()
        torch.autograd.backward(loss, inputs=self._parameters)
        self.gradient_norm = nn.utils.clip_grad_norm_(self._parameters, self._clip, foreach=True)
        self._optimizer.step()
        if self._average is not None:
            self._average.update()
        self._schedule.batch()

    def epoch(self, loss: float) -> None:
        """To be called after every epoch; `loss` is what a plateau is looked for in."""
        self._schedule.epoch(loss)

    def state_dict(self) -> dict[str, Any]:
        """All that changes."""
        return {
            "network": self.network.state_dict(),
            "average": None if self._average is None else self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to where `state_dict` was called."""
        self.network.load_state_dict(state["network"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        put_back(self._optimizer, state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
