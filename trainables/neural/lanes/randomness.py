"""The layers that draw while they train, with their draws taken out: lanes draw alone, and compute together.

What a lane draws may not depend on its neighbours. So a layer that would draw multiplies by a tensor that it is handed
instead; what is to be drawn, and in which order, is found by running a batch once, and before a batch each lane draws it from
a generator of its own. The rates are those of the trial alone, the draws are not: with dropout a lane is another run of the
same trial.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from trainables.neural.convolution import Residual
from trainables.neural.layers import DropConnect
from trainables.neural.steps import Steps, Words

__all__ = ["Draws", "Site", "chances", "rates", "without_draws"]


@dataclass(frozen=True)
class Site:
    """A place in the forward pass where something is dropped.

    Attributes:
        layer: the layer's name in the network.
        shape: of what is drawn, of one lane.
    """

    layer: str
    shape: tuple[int, ...]


class Drawing(Protocol):
    """A lane, as far as it draws."""

    def rate_at(self, layer: str) -> float:
        """The probability with which a layer drops, in [0, 1); 0 = it never does."""

    def bits(self, words: int) -> npt.NDArray[np.uint64]:
        """The next 64-bit words of its generator."""

    def fill(self, row: Tensor) -> None:
        """Fill a row on an accelerator with uniform numbers in [0, 1)."""


class Draws(threading.local):
    """Hands the tensors of a batch to the layers, in the order in which they ask; or writes that order down. Each thread
    computes a batch of its own, and sees its own tensors.

    ```
    sites = draws.start_noting(); network(batch)
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
            learnt = learnt * self._draws.take(Site(self._layer, (len(x), 1, 1, 1)), x)
        out: Tensor = self.after(self.shortcut(x) + learnt)
        return out


class UncutWords(nn.Module):
    """In place of `Words`, with its vectors: a batch is not cut to its longest text, which every lane has its own of.

    What is padding is masked further on, so the outputs are the same.
    """

    def __init__(self, old: Words) -> None:
        super().__init__()
        self.vectors, self.dropout = old.vectors, old.dropout

    def forward(self, words: Tensor) -> Steps:
        """The vectors of the words (rows, length)."""
        return Steps(self.dropout(self.vectors(words)), (words != 0).sum(dim=1).clamp(min=1))


def without_draws(module: nn.Module, draws: Draws) -> nn.Module:
    """The network with every layer that drops replaced by one that is handed what to multiply by; changed in place.

    `Words` looks at the content of a batch, and is replaced by what does not.
    """
    for name, child in list(module.named_modules(remove_duplicate=False)):
        handed: nn.Module
        if type(child) is nn.Dropout and child.p:
            handed = HandedDropout(name, draws)
        elif isinstance(child, DropConnect) and child.rate:
            handed = HandedDropConnect(child, name, draws)
        elif isinstance(child, Words):
            handed = UncutWords(child)
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
    for name, child in module.named_modules(remove_duplicate=False):
        if type(child) is nn.Dropout:
            found[name] = child.p
        elif isinstance(child, DropConnect):
            found[name] = child.rate
        elif isinstance(child, Residual):
            found[name] = child.drop
    return {name: rate for name, rate in found.items() if rate}


def chances(lanes: Sequence[Drawing], sites: Sequence[Site], device: torch.device) -> list[Tensor]:
    """What the layers multiply by for one batch: (lanes, *shape) for each site, zeros, and ones over the share that is kept.

    On a CPU torch draws coins at 10 ns each, more than the rest of a small network's training costs. Here they are 16
    bits each of SFC64 (O'Neill 2018), and the share that is kept is a multiple of 1/65,536.
    """
    sizes = [math.prod(site.shape) for site in sites]
    kept = np.array([[1.0 - lane.rate_at(site.layer) for site in sites] for lane in lanes])
    if device.type != "cpu":
        return _on_device(lanes, sites, sizes, kept, device)
    words = -(-sum(sizes) // 4)
    raw = np.empty((len(lanes), words), dtype=np.uint64)
    for lane, row in zip(lanes, raw, strict=True):
        row[:] = lane.bits(words)
    numbers = raw.view(np.uint16)
    limits = np.clip(np.rint(kept * 65536), 1, 65535)
    scales = (65536 / limits).astype(np.float32)
    drawn, start = [], 0
    for number, (site, size) in enumerate(zip(sites, sizes, strict=True)):
        coins = numbers[:, start : start + size] < limits[:, number, None].astype(np.uint16)
        factors = np.multiply(coins, scales[:, number, None], dtype=np.float32)
        factors[kept[:, number] == 1.0] = 1.0
        drawn.append(torch.from_numpy(factors).view(len(lanes), *site.shape))
        start += size
    return drawn


def _on_device(
    lanes: Sequence[Drawing],
    sites: Sequence[Site],
    sizes: list[int],
    kept: npt.NDArray[np.float64],
    device: torch.device,
) -> list[Tensor]:
    numbers = torch.empty((len(lanes), sum(sizes)), device=device)
    for lane, row in zip(lanes, numbers, strict=True):
        lane.fill(row)
    shares = torch.tensor(kept, dtype=torch.float32, device=device)
    drawn, start = [], 0
    for number, (site, size) in enumerate(zip(sites, sizes, strict=True)):
        share = shares[:, number, None]
        factors = (numbers[:, start : start + size] < share) / share
        drawn.append(factors.view(len(lanes), *site.shape))
        start += size
    return drawn
