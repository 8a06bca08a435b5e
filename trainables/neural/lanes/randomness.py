"""The layers that draw while they train, with their draws taken out: lanes draw alone, and compute together.

A lane has to draw what its trial would draw alone, whatever its neighbours do. So a layer that would draw multiplies by
a tensor that it is handed instead; what is to be drawn, and in which order, is found by running a batch once. Before a batch
each lane draws from its own generator, in that order, as torch's layer would: a trial has the same dropout masks in a
lane and alone, on a CPU bit by bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trainables.neural.convolution import Residual
from trainables.neural.layers import DropConnect

__all__ = ["Draws", "Site", "draw", "rates", "without_draws"]


@dataclass(frozen=True)
class Site:
    """A place in the forward pass where something is dropped.

    Attributes:
        layer: the layer's name in the network.
        shape: of what is drawn, of one lane.
        uniform: drawn as uniform numbers that are compared with a rate (`Residual`), not as coins.
    """

    layer: str
    shape: tuple[int, ...]
    uniform: bool = False


class Draws:
    """Hands the tensors of a batch to the layers, in the order in which they ask; or writes that order down.

    ```
    sites = draws.noted(lambda: network(batch))
    draws.hand_out(tensors); network(batch)           # a tensor for each site
    ```
    """

    def __init__(self) -> None:
        self._sites: list[Site] | None = None
        self._tensors: Sequence[Tensor] = ()
        self._next = 0

    def start_noting(self) -> list[Site]:
        """From now on layers multiply by 1; the list fills with their sites."""
        self._sites = []
        return self._sites

    def hand_out(self, tensors: Sequence[Tensor]) -> None:
        """From now on layers get these, each once, the first first."""
        self._sites, self._tensors, self._next = None, tensors, 0

    def take(self, site: Site, like: Tensor) -> Tensor:
        """What a layer multiplies by."""
        if self._sites is not None:
            self._sites.append(site)
            return like.new_ones(site.shape)
        self._next += 1
        return self._tensors[self._next - 1]


class HandedDropout(nn.Module):
    """In place of `nn.Dropout`."""

    def __init__(self, layer: str, draws: Draws) -> None:
        super().__init__()
        self._layer, self._draws = layer, draws

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape."""
        if not self.training:
            return x
        return x * self._draws.take(Site(self._layer, tuple(x.shape)), x)


class HandedDropConnect(nn.Linear):
    """In place of `DropConnect`, with its parameters."""

    def __init__(self, old: DropConnect, layer: str, draws: Draws) -> None:
        super().__init__(old.in_features, old.out_features, device="meta")
        self.weight, self.bias = old.weight, old.bias
        self._layer, self._draws = layer, draws

    def forward(self, input: Tensor) -> Tensor:
        """(rows, ..., inputs) -> (rows, ..., outputs)."""
        return nn.functional.linear(input, self.thinned(self.weight), self.bias)

    def thinned(self, weight: Tensor) -> Tensor:
        """The weights, while it trains less those that are dropped."""
        if not self.training:
            return weight
        return weight * self._draws.take(Site(self._layer, tuple(weight.shape)), weight)


class HandedResidual(Residual):
    """In place of a `Residual` that drops its branch."""

    def __init__(self, old: Residual, layer: str, draws: Draws) -> None:
        super().__init__(old.branch, old.shortcut, old.after)
        self._layer, self._draws = layer, draws

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, channels, height, width)."""
        learnt = self.branch(x)
        if self.training:
            learnt = learnt * self._draws.take(Site(self._layer, (len(x), 1, 1, 1), uniform=True), x)
        out: Tensor = self.after(self.shortcut(x) + learnt)
        return out


def without_draws(module: nn.Module, draws: Draws) -> nn.Module:
    """The network with every layer that drops replaced by one that is handed what to multiply by; changed in place."""
    for name, child in list(module.named_modules()):
        handed: nn.Module
        if type(child) is nn.Dropout and child.p:
            handed = HandedDropout(name, draws)
        elif isinstance(child, DropConnect) and child.rate:
            handed = HandedDropConnect(child, name, draws)
        elif isinstance(child, Residual) and child.drop:
            handed = HandedResidual(child, name, draws)
        else:
            continue
        if not name:
            return handed
        parent, _, attribute = name.rpartition(".")
        setattr(module.get_submodule(parent), attribute, handed)
    return module


def rates(module: nn.Module) -> dict[str, float]:
    """The probability with which each layer of a network drops, by its name; of those that drop anything."""
    found = {}
    for name, child in module.named_modules():
        if type(child) is nn.Dropout:
            found[name] = child.p
        elif isinstance(child, DropConnect):
            found[name] = child.rate
        elif isinstance(child, Residual):
            found[name] = child.drop
    return {name: rate for name, rate in found.items() if rate}


def draw(site: Site, into: Tensor, rate: float, generator: torch.Generator) -> None:
    """Draw one lane's tensor of a site, ones and zeros, as the layer itself would draw it.

    Args:
        into: of the site's shape, overwritten.
        rate: probability of a zero, in (0, 1).
    """
    if site.uniform:
        into.uniform_(generator=generator)
        into.copy_(into >= rate)
    else:
        into.bernoulli_(1.0 - rate, generator=generator)
