"""Layers over stacked parameters, for networks that are a plain sequence of them: faster than `vmap` on a CPU.

Inputs are (lanes, rows, features). `vmap` gives the same numbers, but gradients of weights that are transposed in memory,
which the optimizer has to copy, and a sum for the bias apart from the product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.neural.activations import ACTIVATIONS
from trainables.neural.lanes.randomness import HandedDropConnect, HandedDropout

__all__ = ["Stacked", "sequence_of"]

Stacked = Callable[[Tensor, Mapping[str, Tensor], bool], Tensor]
"""From inputs, the stacked tensors of the network by name, and whether it is training, to outputs."""

ELEMENTWISE = tuple(getattr(nn, name) for name in ACTIVATIONS.values())


class _Product(torch.autograd.Function):
    """x W^T + b of each lane, whose gradients lie in memory as the weights do."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.baddbmm(bias.unsqueeze(1), x, weight.transpose(1, 2))

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        (slope,) = slopes
        back = torch.bmm(slope, weight) if ctx.needs_input_grad[0] else None
        return back, torch.bmm(slope.transpose(1, 2), x), slope.sum(1)


def sequence_of(network: nn.Module) -> list[Stacked] | None:
    """The layers of a network, to be applied one after the other; None where one of them is not known here."""
    if type(network) is not nn.Sequential:
        return None
    found = []
    for name, layer in network.named_children():
        stacked = _stacked(name, layer)
        if stacked is None:
            return None
        found.append(stacked)
    return found


def _stacked(name: str, layer: nn.Module) -> Stacked | None:
    if isinstance(layer, HandedDropConnect):
        return _linear(name, layer)
    if type(layer) is nn.Linear and layer.bias is not None:
        return _linear(name, None)
    if isinstance(layer, (*ELEMENTWISE, HandedDropout)):
        return lambda x, held, training: layer(x)
    if type(layer) is nn.LayerNorm and len(layer.normalized_shape) == 1:
        return _layer_norm(name, layer.eps)
    if type(layer) is nn.GroupNorm:
        return _group_norm(name, layer)
    if type(layer) is nn.BatchNorm1d and layer.momentum is not None:
        return _batch_norm(name, layer.momentum, layer.eps)
    return None


def _linear(name: str, dropped: HandedDropConnect | None) -> Stacked:
    def apply(x: Tensor, held: Mapping[str, Tensor], training: bool) -> Tensor:
        weight, bias = held[f"{name}.weight"], held[f"{name}.bias"]
        if dropped is not None:
            weight = dropped.thinned(weight)
        if not torch.is_grad_enabled():
            return torch.baddbmm(bias.unsqueeze(1), x, weight.transpose(1, 2))
        product: Tensor = _Product.apply(x, weight, bias)  # type: ignore[no-untyped-call]
        return product

    return apply


def _scaled(x: Tensor, name: str, held: Mapping[str, Tensor]) -> Tensor:
    return torch.addcmul(held[f"{name}.bias"].unsqueeze(1), x, held[f"{name}.weight"].unsqueeze(1))


def _layer_norm(name: str, epsilon: float) -> Stacked:
    return lambda x, held, training: _scaled(functional.layer_norm(x, x.shape[-1:], eps=epsilon), name, held)


def _group_norm(name: str, layer: nn.GroupNorm) -> Stacked:
    def apply(x: Tensor, held: Mapping[str, Tensor], training: bool) -> Tensor:
        normal = functional.group_norm(x.flatten(0, 1), layer.num_groups, eps=layer.eps)
        return _scaled(normal.view(x.shape), name, held)

    return apply


def _batch_norm(name: str, momentum: float, epsilon: float) -> Stacked:
    """The lanes side by side as channels of one normalisation, so each has its own statistics."""

    def apply(x: Tensor, held: Mapping[str, Tensor], training: bool) -> Tensor:
        lanes, rows, features = x.shape
        if training:
            held[f"{name}.num_batches_tracked"].add_(1)
        normal = functional.batch_norm(
            x.transpose(0, 1).reshape(rows, lanes * features),
            held[f"{name}.running_mean"].view(-1),
            held[f"{name}.running_var"].view(-1),
            training=training,
            momentum=momentum,
            eps=epsilon,
        )
        return _scaled(normal.view(rows, lanes, features).transpose(0, 1), name, held)

    return apply
