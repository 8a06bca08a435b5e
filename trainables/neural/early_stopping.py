"""Early stopping: the best weights so far, and whether they are old enough to stop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

__all__ = ["EarlyStopping"]

Weights = Mapping[str, Mapping[str, Tensor]]


class EarlyStopping:
    """Keeps a copy of the weights of the epoch with the smallest validation loss (Prechelt 1998).

    Args:
        patience: epochs without a smaller loss after which training is to stop, at least 1.

    Attributes:
        weights: the copy; None before the first finite loss.
    """

    def __init__(self, patience: int) -> None:
        self.weights: dict[str, dict[str, Tensor]] | None = None
        self._patience = patience
        self._best, self._bad = math.inf, 0

    @property
    def exhausted(self) -> bool:
        """Whether the patience is over."""
        return self._bad >= self._patience

    def watch(self, loss: float, weights: Weights) -> None:
        """After an epoch: its loss (NaN is never better), and the weights it left, by module and name."""
        if loss < self._best:
            self._best, self._bad = loss, 0
            self.weights = {
                part: {name: each.detach().clone() for name, each in held.items()}
                for part, held in weights.items()
            }
        else:
            self._bad += 1

    def state_dict(self) -> dict[str, Any]:
        """All that changes."""
        return {"best": self._best, "bad": self._bad, "weights": self.weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to where `state_dict` was called."""
        self._best, self._bad, self.weights = float(state["best"]), int(state["bad"]), state["weights"]
