"""First weights by name, in place of those that torch draws."""

from __future__ import annotations

import torch
from torch import nn

from trainables.errors import TrainableError, nearest
from trainables.neural.options import TRAINING_OPTIONS

__all__ = ["initialize"]

WEIGHTED = (nn.Linear, nn.modules.conv._ConvNd, nn.RNNBase, nn.MultiheadAttention)


def initialize(module: nn.Module, name: str, scale: float = 0.05) -> None:
    """Draw the weights of all linear, convolutional, recurrent and attention layers anew; their biases become 0.

    Embeddings and norms stay as torch made them. The stacked matrices of the gates of a recurrent layer are drawn one
    by one. Draws come from torch's global generator.

    Args:
        module: the whole network.
        name: "default" changes nothing; "uniform": in [-scale, scale]; "normal": of deviation `scale`; "xavier"
            (Glorot and Bengio 2010): uniform; "he" (He et al. 2015): normal; "orthogonal" (Saxe et al. 2014).
        scale: at least 0.

    Raises:
        TrainableError: there is no initializer of that name.
    """
    known = TRAINING_OPTIONS["initializer"].choices
    if name not in known:
        raise TrainableError(f"there is no initializer {name!r}; {nearest(name, known)}")
    if name == "default":
        return
    for layer in module.modules():
        if isinstance(layer, WEIGHTED):
            for parameter_name, parameter in layer.named_parameters(recurse=False):
                with torch.no_grad():
                    if "bias" in parameter_name:
                        parameter.zero_()
                    elif parameter.dim() >= 2:
                        for matrix in parameter.chunk(_stacked(layer, parameter_name)):
                            _draw(matrix, name, scale)


def _stacked(layer: nn.Module, name: str) -> int:
    """How many matrices a parameter holds, one above the other: 4 gates of an LSTM, 3 of a GRU, query, key, value."""
    if isinstance(layer, nn.RNNBase):
        return {"LSTM": 4, "GRU": 3}.get(layer.mode, 1) if "_hr" not in name else 1
    return 3 if name == "in_proj_weight" else 1


def _draw(weight: torch.Tensor, name: str, scale: float) -> None:
    match name:
        case "uniform":
            nn.init.uniform_(weight, -scale, scale)
        case "normal":
            nn.init.normal_(weight, std=scale)
        case "xavier":
            nn.init.xavier_uniform_(weight)
        case "he":
            nn.init.kaiming_normal_(weight, nonlinearity="relu")
        case _:
            nn.init.orthogonal_(weight)
