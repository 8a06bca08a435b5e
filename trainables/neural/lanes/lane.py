"""A lane: what one trial of a stack has for itself and does by itself, outside the common arithmetic."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from trainables.neural.augmentation import make_augmenter
from trainables.neural.early_stopping import EarlyStopping
from trainables.neural.initializers import initialize
from trainables.neural.lanes.randomness import rates
from trainables.neural.randomness import OwnRandomness
from trainables.neural.schedules import Schedule
from trainables.neural.supervised import Prepared, Supervised

__all__ = ["Lane"]

_GLOBAL_GENERATOR = threading.Lock()


class Lane:
    """One trial: its options, its place in its schedule, and its generators. But for what its layers drop, it draws what
    the trial would draw alone.

    Args:
        key: the caller's name for it.
        trainable: builds the network.
        prepared: of its config.
        seed: of the trial.
        device: what the stack computes on.
        updates: of the weights in an epoch.

    Attributes:
        module: the network as it was built and initialised; to be dropped once it is in the stack.
        epochs: done.
        stopped: whether it was stopped early.
    """

    def __init__(
        self,
        key: int,
        trainable: Supervised,
        prepared: Prepared,
        *,
        seed: int,
        device: torch.device,
        updates: int,
    ) -> None:
        self.key, self.seed, self.options = key, seed, prepared.options
        self.description = prepared.description
        self.epochs, self.stopped = 0, False
        random = OwnRandomness(seed, device)
        with random.lent():
            self.module: nn.Module | None = trainable.build(prepared.inputs, self.options)
            initialize(self.module, self.options["initializer"], self.options["initializer_scale"])
        self._rates = rates(self.module)
        self._generators = [
            torch.Generator()
        ]  # the order of the rows is drawn on the CPU, the rest on the device
        if device.type != "cpu":
            self._generators.append(torch.Generator(device))
        self._chances, self._bits = torch.Generator(device), np.random.SFC64(0)  # seeded anew in every epoch
        self.random_states = random.states
        self.param_groups: list[dict[str, Any]] = [{"lr": self.options["lr"]}]
        self.schedule = Schedule(self, self.options, updates)
        self.augment = make_augmenter(prepared.dataset)
        self.best = EarlyStopping(self.options["early_stopping"]) if self.options["early_stopping"] else None

    @property
    def rate(self) -> float:
        """The learning rate of the next update."""
        return self.schedule.rate

    @property
    def over(self) -> bool:
        """Whether training has ended by itself: all epochs done, or stopped early."""
        return self.stopped or bool(self.options["epochs"] and self.epochs >= self.options["epochs"])

    @property
    def random_states(self) -> list[Tensor]:
        """The states of the generators, as `OwnRandomness` keeps them."""
        return [generator.get_state() for generator in self._generators]

    @random_states.setter
    def random_states(self, states: list[Tensor]) -> None:
        for generator, state in zip(self._generators, states, strict=False):
            generator.set_state(state)

    def begin(self, rows: int) -> Tensor:
        """Begin an epoch; returns the order of its rows. What is dropped in it follows from one more draw."""
        order = self.permuted(rows)
        if self._rates:
            seed = int(torch.randint(2**62, (), generator=self._generators[0]))
            self._bits = np.random.SFC64(seed)
            self._chances.manual_seed(seed)
        return order

    def permuted(self, rows: int) -> Tensor:
        """So many rows in an order of its own."""
        return torch.randperm(rows, generator=self._generators[0])

    def blends(self, batches: int) -> list[float]:
        """mixup: the share of each batch's own rows."""
        alpha = self.options["mixup"]
        with (
            _GLOBAL_GENERATOR
        ):  # the distribution takes no generator, and other lanes may be computed at the same time
            outside = torch.get_rng_state()
            torch.set_rng_state(self._generators[0].get_state())
            try:
                shares: list[float] = torch.distributions.Beta(alpha, alpha).sample((batches,)).tolist()
                self._generators[0].set_state(torch.get_rng_state())
            finally:
                torch.set_rng_state(outside)
        return shares

    def augmented(self, x: Tensor) -> Tensor:
        """A batch, changed at random as its data section asks for."""
        return x if self.augment is None else self.augment(x, self._generators[-1])

    def rate_at(self, layer: str) -> float:
        """The probability with which a layer of its network drops."""
        return self._rates.get(layer, 0.0)

    def bits(self, words: int) -> npt.NDArray[np.uint64]:
        """What its layers that drop draw from in this epoch, on a CPU."""
        raw: npt.NDArray[np.uint64] = self._bits.random_raw(words)
        return raw

    def fill(self, row: Tensor) -> None:
        """What its layers that drop draw from in this epoch, on an accelerator."""
        row.uniform_(generator=self._chances)
