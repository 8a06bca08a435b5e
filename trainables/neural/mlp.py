"""A multilayer perceptron: fully connected layers with dropout, for anything that can be one row of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from trainables.errors import TrainableError
from trainables.neural.activations import activation
from trainables.neural.options import TRAINING_SPACE
from trainables.neural.supervised import BY_EPOCHS, Inputs, Supervised

if TYPE_CHECKING:
    from torch import nn

__all__ = ["MLP", "perceptron"]

SPACE: dict[str, Any] = {
    "model": {
        "width": {"min": 16, "max": 256, "step": 16},
        "depth": {"min": 1, "max": 3},
        "norm": {"values": ["none", "batch", "layer"]},
    },
    "activation": {"values": ["relu", "gelu", "tanh"]},
    "dropout": {"min": 0.0, "max": 0.5},
}


class MLP(Supervised):
    """A perceptron for tables, flattened images, word counts and windows of series; a step is an epoch.

    Options, in brackets their defaults: ``model.width`` (128) and ``model.depth`` (2), units of a hidden
    layer and hidden layers, each at least 1; ``model.norm`` (none; batch, layer, group) before each activation;
    ``activation`` (relu; `trainables.neural.activations`); ``dropout`` (0.1) after each hidden layer and
    ``dropconnect`` (0) of the weights of all but the last, each in [0, 1). Training options:
    `trainables.neural.options`.
    """

    name = "mlp"
    views = ("features",)
    architecture: ClassVar[Mapping[str, Any]] = {
        "model.width": 128,
        "model.depth": 2,
        "model.norm": "none",
        "activation": "relu",
        "dropout": 0.1,
        "dropconnect": 0.0,
    }
    declared = replace(BY_EPOCHS, parameters={**SPACE, **TRAINING_SPACE})

    def build(self, inputs: Inputs, options: Mapping[str, Any]) -> nn.Module:
        """The network.

        Raises:
            TrainableError: an option out of its range.
        """
        return perceptron(
            inputs.shape[0],
            inputs.outputs,
            width=options["model.width"],
            depth=options["model.depth"],
            norm=options["model.norm"],
            activate=options["activation"],
            dropout=options["dropout"],
            dropconnect=options["dropconnect"],
        )


def perceptron(
    inputs: int,
    outputs: int,
    *,
    width: int,
    depth: int,
    norm: str = "none",
    activate: str = "relu",
    dropout: float = 0.0,
    dropconnect: float = 0.0,
) -> nn.Sequential:
    """The network: `depth` hidden layers of `width` units, and one linear layer to the `outputs`.

    Raises:
        TrainableError: an unknown activation or norm, or an option out of its range.
    """
    from torch import nn

    from trainables.neural import layers

    if width < 1 or depth < 1:
        raise TrainableError(f"model.width and model.depth are at least 1, not {width} and {depth}")
    if not 0 <= dropout < 1:
        raise TrainableError(f"dropout is at least 0 and below 1, not {dropout}")
    parts: list[nn.Module] = []
    for _ in range(depth):
        parts.append(
            layers.DropConnect(inputs, width, dropconnect) if dropconnect else nn.Linear(inputs, width)
        )
        if norm != "none":
            parts.append(layers.norm(norm, width, 0))
        parts.append(activation(activate))
        if dropout:
            parts.append(nn.Dropout(dropout))
        inputs = width
    return nn.Sequential(*parts, nn.Linear(inputs, outputs))
