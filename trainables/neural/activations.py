"""The activations by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainables.errors import TrainableError, nearest

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ACTIVATIONS", "activation"]

ACTIVATIONS: dict[str, str] = {
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "silu": "SiLU",
    "swish": "SiLU",  # its other name
    "gelu": "GELU",
}
"""Our name: torch.nn's."""


def activation(name: str) -> nn.Module:
    """A new module of the activation.

    Raises:
        TrainableError: there is none of that name.
    """
    from torch import nn

    if name not in ACTIVATIONS:
        raise TrainableError(f"there is no activation {name!r}; {nearest(name, ACTIVATIONS)}")
    module: nn.Module = getattr(nn, ACTIVATIONS[name])()
    return module
