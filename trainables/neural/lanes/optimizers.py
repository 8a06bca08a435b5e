"""Torch's optimizers over stacked parameters: every lane has its own rate, momentum, decays and count of updates.

A stack's parameter is (rows, ...), one row a lane. The rules are torch.optim's, whose state has the same names: a checkpoint of a
lane is one of `torch.optim`. A test compares them update by update.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from trainables.neural.lanes.rows import grown

__all__ = ["STACKED", "StackedOptimizer"]


class StackedOptimizer(ABC):
    """Updates rows of stacked parameters, each by its own hyperparameters.

    ```
    optimizer = STACKED["adam"](parameters)
    optimizer.put(row, options)                   # a lane begins: its state is empty
    optimizer.update(gradients, rates, slice(0, 8))
    ```

    Args:
        parameters: each (rows, ...), contiguous; changed in place.
        options: of a lane that shares with all others whatever changes the arithmetic (`momentum` on or off, `nesterov`).

    Attributes:
        slots: the tensors that torch.optim keeps of a parameter, by its names.
        counts: whether torch.optim counts a parameter's updates.
        updates: (rows,) float64, updates done of each lane.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[bool] = True
    vectors: ClassVar[tuple[str, ...]] = ("weight_decay",)

    def __init__(self, parameters: Sequence[Tensor], options: Mapping[str, Any]) -> None:
        self._rows = [parameter.view(len(parameter), -1) for parameter in parameters]
        self.state = [{name: torch.zeros_like(rows) for name in self._kept(options)} for rows in self._rows]
        count, self._device = len(parameters[0]), parameters[0].device
        self.updates = torch.zeros(count, dtype=torch.float64)
        self._values = {name: torch.zeros(count, 1, dtype=torch.float64) for name in self.vectors}
        self._nesterov = bool(options["nesterov"])
        self._scratch = threading.local()

    def _kept(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        return self.slots

    def put(self, row: int, options: Mapping[str, Any]) -> None:
        """A lane begins in this row, with an empty state.

        Args:
            row: of the parameters.
            options: `TRAINING` options, checked.
        """
        for name, values in self._values.items():
            values[row] = float(options[name])
        self.updates[row] = 0
        for state in self.state:
            for kept in state.values():
                kept[row].zero_()

    def grow(self, parameters: Sequence[Tensor]) -> None:
        """Go on with the same parameters in tensors of more rows."""
        rows = len(parameters[0])
        self.state = [{name: grown(each, rows) for name, each in state.items()} for state in self.state]
        self.updates = grown(self.updates, rows)
        self._values = {name: grown(each, rows) for name, each in self._values.items()}
        self._rows = [parameter.view(rows, -1) for parameter in parameters]

    def move(self, source: int, target: int) -> None:
        """The lane of row `source` goes on in row `target`."""
        for values in (self.updates, *self._values.values()):
            values[target] = values[source].clone()
        for state in self.state:
            for kept in state.values():
                kept[target] = kept[source]

    def update(self, gradients: Sequence[Tensor | None], rates: Tensor, lanes: slice) -> None:
        """One update of some rows.

        Args:
            gradients: (lanes, ...) each, in the order of the parameters; None = the loss does not depend on it.
            rates: (lanes, 1) float64, the learning rate of each lane.
            lanes: the rows.
        """
        self.updates[lanes] += 1
        values = {name: vector[lanes] for name, vector in self._values.items()}
        factors = self._factors(rates, values, self.updates[lanes, None])
        own = {name: factor.float().to(self._device) for name, factor in factors.items()}
        decays = bool(values["weight_decay"].any())
        with torch.no_grad():
            for rows, state, gradient in zip(self._rows, self.state, gradients, strict=True):
                if gradient is not None:
                    kept = {name: each[lanes] for name, each in state.items()}
                    self._update(rows[lanes], gradient.reshape(len(rates), -1), kept, own, decays)

    def _spare(self, like: Tensor, number: int = 0) -> Tensor:
        """A buffer of this shape, whose content is nobody's; a different one for each number and thread."""
        size, buffers = like.numel(), vars(self._scratch)
        held: Tensor | None = buffers.get(str(number))
        if held is None or held.numel() < size:
            held = buffers[str(number)] = like.new_empty(size)
        return held[:size].view(like.shape)

    def _decayed(self, weights: Tensor, slopes: Tensor, own: Mapping[str, Tensor], decays: bool) -> Tensor:
        """The gradient with an L2 term."""
        if not decays:
            return slopes
        return torch.addcmul(slopes, weights, own["weight_decay"], out=self._spare(slopes, 1))

    @abstractmethod
    def _factors(self, rates: Tensor, values: Mapping[str, Tensor], updates: Tensor) -> dict[str, Tensor]:
        """What the arithmetic multiplies by, (lanes, 1) each, once an update and in double precision."""

    @abstractmethod
    def _update(
        self,
        weights: Tensor,
        slopes: Tensor,
        state: Mapping[str, Tensor],
        own: Mapping[str, Tensor],
        decays: bool,
    ) -> None:
        """Update rows: weights, gradients and state are (lanes, numbers), `own` the factors (lanes, 1)."""


class SGD(StackedOptimizer):
    """Plain, with momentum, or Nesterov's: all lanes of a stack of the same kind."""

    slots = ("momentum_buffer",)
    counts = False
    vectors = ("weight_decay", "momentum")

    def _kept(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        return self.slots if options["momentum"] else ()

    def _factors(self, rates: Tensor, values: Mapping[str, Tensor], updates: Tensor) -> dict[str, Tensor]:
        return {"back": -rates, **values}

    def _update(
        self,
        weights: Tensor,
        slopes: Tensor,
        state: Mapping[str, Tensor],
        own: Mapping[str, Tensor],
        decays: bool,
    ) -> None:
        slopes = self._decayed(weights, slopes, own, decays)
        if state:
            kept = state["momentum_buffer"].mul_(own["momentum"]).add_(slopes)
            if self._nesterov:
                slopes = torch.addcmul(slopes, kept, own["momentum"], out=self._spare(slopes))
            else:
                slopes = kept
        weights.addcmul_(slopes, own["back"])


class Adagrad(StackedOptimizer):
    """Duchi et al. 2011."""

    slots = ("sum",)
    epsilon = 1e-10

    def _factors(self, rates: Tensor, values: Mapping[str, Tensor], updates: Tensor) -> dict[str, Tensor]:
        return {"back": -rates, **values}

    def _update(
        self,
        weights: Tensor,
        slopes: Tensor,
        state: Mapping[str, Tensor],
        own: Mapping[str, Tensor],
        decays: bool,
    ) -> None:
        slopes = self._decayed(weights, slopes, own, decays)
        total = state["sum"].addcmul_(slopes, slopes)
        change = torch.sqrt(total, out=self._spare(slopes)).add_(self.epsilon)
        weights.addcmul_(torch.div(slopes, change, out=change), own["back"])


class RMSProp(StackedOptimizer):
    """Hinton's, with the decay `rho`."""

    slots = ("square_avg",)
    vectors = ("weight_decay", "rho")
    epsilon = 1e-8

    def _factors(self, rates: Tensor, values: Mapping[str, Tensor], updates: Tensor) -> dict[str, Tensor]:
        return {"back": -rates, "weight_decay": values["weight_decay"], "new": 1 - values["rho"]}

    def _update(
        self,
        weights: Tensor,
        slopes: Tensor,
        state: Mapping[str, Tensor],
        own: Mapping[str, Tensor],
        decays: bool,
    ) -> None:
        slopes = self._decayed(weights, slopes, own, decays)
        change = self._spare(slopes)
        mean = state["square_avg"].lerp_(torch.mul(slopes, slopes, out=change), own["new"])
        torch.sqrt(mean, out=change).add_(self.epsilon)
        weights.addcmul_(torch.div(slopes, change, out=change), own["back"])


class Adadelta(StackedOptimizer):
    """Zeiler 2012."""

    slots = ("square_avg", "acc_delta")
    vectors = ("weight_decay", "rho")
    epsilon = 1e-6

    def _factors(self, rates: Tensor, values: Mapping[str, Tensor], updates: Tensor) -> dict[str, Tensor]:
        return {"back": -rates, "weight_decay": values["weight_decay"], "new": 1 - values["rho"]}

    def _update(
        self,
        weights: Tensor,
        slopes: Tensor,
        state: Mapping[str, Tensor],
        own: Mapping[str, Tensor],
        decays: bool,
    ) -> None:
        slopes = self._decayed(weights, slopes, own, decays)
        spare = self._spare(slopes)
        mean = state["square_avg"].lerp_(torch.mul(slopes, slopes, out=spare), own["new"])
        change = (state["acc_delta"] + self.epsilon).sqrt_()
        change.div_(torch.add(mean, self.epsilon, out=spare).sqrt_()).mul_(slopes)
        state["acc_delta"].lerp_(torch.mul(change, change, out=spare), own["new"])
        weights.addcmul_(change, own["back"])


class Adam(StackedOptimizer):
    """Kingma and Ba 2015; the bias corrections are taken out of the arithmetic of the weights."""

    slots = ("exp_avg", "exp_avg_sq")
    vectors = ("weight_decay", "beta1", "beta2")
    epsilon = 1e-8

    def _factors(self, rates: Tensor, values: Mapping[str, Tensor], updates: Tensor) -> dict[str, Tensor]:
        first = 1 - values["beta1"] ** updates
        second = (1 - values["beta2"] ** updates).sqrt()
        return {
            "weight_decay": values["weight_decay"],
            "new_mean": 1 - values["beta1"],
            "new_square": 1 - values["beta2"],
            "floor": self.epsilon * second,  # eps is added to the corrected root
            "back": -rates * second / first,
        }

    def _update(
        self,
        weights: Tensor,
        slopes: Tensor,
        state: Mapping[str, Tensor],
        own: Mapping[str, Tensor],
        decays: bool,
    ) -> None:
        slopes = self._pulled(weights, slopes, own, decays)
        change = self._spare(slopes)
        mean = state["exp_avg"].lerp_(slopes, own["new_mean"])
        square = state["exp_avg_sq"].lerp_(torch.mul(slopes, slopes, out=change), own["new_square"])
        torch.sqrt(square, out=change).add_(own["floor"])
        weights.addcmul_(torch.div(mean, change, out=change), own["back"])

    def _pulled(self, weights: Tensor, slopes: Tensor, own: Mapping[str, Tensor], decays: bool) -> Tensor:
        return self._decayed(weights, slopes, own, decays)


class AdamW(Adam):
    """Adam whose weights shrink by a share of their own (Loshchilov and Hutter 2019)."""

    def _factors(self, rates: Tensor, values: Mapping[str, Tensor], updates: Tensor) -> dict[str, Tensor]:
        return {
            **super()._factors(rates, values, updates),
            "left": 1 - rates * values["weight_decay"],
        }

    def _pulled(self, weights: Tensor, slopes: Tensor, own: Mapping[str, Tensor], decays: bool) -> Tensor:
        if decays:
            weights.mul_(own["left"])
        return slopes


STACKED: dict[str, type[StackedOptimizer]] = {
    "sgd": SGD,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "rmsprop": RMSProp,
    "adam": Adam,
    "adamw": AdamW,
}
"""By the option's name; L-BFGS is missing: its line search asks for as many gradients as each trial needs."""
