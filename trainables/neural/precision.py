"""Mixed precision: the weights stay float32, the arithmetic is done in fewer bits where that is safe."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from trainables.errors import TrainableError, nearest
from trainables.neural.options import TRAINING_OPTIONS

__all__ = ["Precision"]


class Precision:
    """Autocast for a forward pass, and scaled gradients where small ones would vanish (float16).

    ```
    with precision.computing():
        loss = ...
    precision.backward(loss)
    precision.unscale(optimizer)         # before looking at gradients
    precision.step(optimizer)
    ```

    Args:
        name: "float32", "bfloat16" or "float16".
        device: what is computed on.

    Raises:
        TrainableError: an unknown name, float16 on a CPU, or bfloat16 on a GPU that has none.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        known = TRAINING_OPTIONS["precision"].choices
        if name not in known:
            raise TrainableError(f"there is no precision {name!r}; {nearest(name, known)}")
        if name == "float16" and device.type == "cpu":
            raise TrainableError("precision float16 needs a GPU; on a CPU take float32, or bfloat16")
        if name == "bfloat16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
            raise TrainableError(f"precision bfloat16: {device} does not have it; take float16")
        self._device = device
        self._kind = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]
        self._scaler = torch.amp.GradScaler(device.type) if name == "float16" else None

    def computing(self) -> AbstractContextManager[Any]:
        """Around a forward pass and its loss."""
        if self._kind is None:
            return nullcontext()
        return torch.autocast(self._device.type, self._kind)

    def backward(self, loss: Tensor) -> None:
        """Add the gradient of the loss to the parameters' gradients, scaled."""
        (loss if self._scaler is None else self._scaler.scale(loss)).backward()  # type: ignore[no-untyped-call]

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Make the gradients what they are; at most once before `step`."""
        if self._scaler is not None:
            self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Update the weights; left out by itself where a scaled gradient has overflowed."""
        if self._scaler is None:
            optimizer.step()
        else:
            self._scaler.step(optimizer)
            self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """The scale, and how it came about."""
        return {} if self._scaler is None else self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to where `state_dict` was called."""
        if self._scaler is not None and state:
            self._scaler.load_state_dict(state)
