"""A trained network put to other work: read what the data has, freeze what is to stay, and end in a new head."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.errors import TrainableError

__all__ = ["Backbone", "ImageReader", "Part", "head_of", "parts_of"]

Part = tuple[nn.Module, ...]
"""Modules that are frozen and unfrozen together."""


class Backbone(nn.Module):
    """A network whose last linear layer is new, and whose parts can be frozen from the input up.

    Args:
        network: the trained one; it is changed.
        parts: of it, from the input up, without the head; parameters in none of them go with the first.
        reader: applied to the inputs first.
        outputs: of the new head; 0 keeps the old one.
        dropout: before the new head, in [0, 1).

    Raises:
        TrainableError: the network has no linear layer at its end.
    """

    def __init__(
        self, network: nn.Module, parts: Sequence[Part], reader: nn.Module, outputs: int, dropout: float
    ) -> None:
        super().__init__()
        self.network, self.reader = network, reader
        name, last = head_of(network)
        head: nn.Module = last
        if outputs:
            head = nn.Sequential(nn.Dropout(dropout), nn.Linear(last.in_features, outputs))
            network.set_submodule(name, head)
        # in lists, which torch does not look into: all of it is part of `network` already
        self._head = [head]
        self.parts = [list(part) for part in parts]
        self.frozen = 0
        own = {id(parameter) for parameter in self.head.parameters()}
        self.weights: list[list[nn.Parameter]] = []
        for part in self.parts:
            found = [p for module in part for p in module.parameters() if id(p) not in own]
            own |= {id(parameter) for parameter in found}
            self.weights.append(found)
        rest = [parameter for parameter in network.parameters() if id(parameter) not in own]
        if rest:  # a network without parts has one, all of it
            self.weights = [[*rest, *(self.weights or [[]])[0]], *self.weights[1:]]
            self.parts = self.parts or [[]]

    @property
    def head(self) -> nn.Module:
        """The new head, or the old one where it was kept."""
        return self._head[0]

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (rows, outputs)."""
        out: Tensor = self.network(self.reader(x))
        return out

    def freeze(self, parts: int) -> None:
        """Freeze so many parts, counted from the input, and let the others train.

        A frozen part also behaves as in evaluation: its batch norms keep their statistics, its dropout rests.
        """
        self.frozen = parts
        for number, weights in enumerate(self.weights):
            for parameter in weights:
                parameter.requires_grad_(number >= parts)
        self.train(self.training)

    def train(self, mode: bool = True) -> Backbone:
        """As `torch.nn.Module.train`, but what is frozen stays in evaluation."""
        super().train(mode)
        if mode and self.frozen:
            if self.frozen >= len(self.parts):
                self.network.eval()
                self.head.train()
            for part in self.parts[: self.frozen]:
                for module in part:
                    module.eval()
        return self

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """What the head sees, dropout resting: (rows, features)."""
        seen: list[Tensor] = []
        hook = self.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        try:
            self.eval()
            self(x)
        finally:
            hook.remove()
        return seen[0]


class ImageReader(nn.Module):
    """Images as a network has learnt to see them: its channels, its size, its scale.

    Args:
        channels: that the network takes; grey is repeated, colours are averaged to grey.
        side: pixels (height, width) that images are resized to, bilinearly; None = as they come.
        mean, deviation: of the pixels, subtracted and divided by.
    """

    def __init__(
        self, channels: int, side: tuple[int, int] | None, mean: float = 0.0, deviation: float = 1.0
    ) -> None:
        super().__init__()
        self.channels, self.side, self.mean, self.deviation = channels, side, mean, deviation

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, channels, height, width)."""
        if x.shape[1] != self.channels:
            x = x.mean(dim=1, keepdim=True).expand(-1, self.channels, -1, -1)
        if self.side and tuple(x.shape[2:]) != self.side:
            x = functional.interpolate(x, self.side, mode="bilinear", align_corners=False, antialias=True)
        return (x - self.mean) / self.deviation if (self.mean, self.deviation) != (0.0, 1.0) else x


def head_of(network: nn.Module) -> tuple[str, nn.Linear]:
    """The last linear layer and its name in the network.

    Raises:
        TrainableError: there is none.
    """
    found = [(name, module) for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not found:
        raise TrainableError(
            f"model.weights: the network {type(network).__name__} has no linear layer to replace"
        )
    return found[-1]


def parts_of(network: nn.Module) -> list[Part]:
    """The parts of a network: what its method `parts` says, or its children before the one that holds the head.

    A list of layers counts as one part for each layer.
    """
    told = getattr(network, "parts", None)
    if callable(told):
        return [tuple(part) for part in told()]
    head = head_of(network)[0].split(".")[0]
    found: list[Part] = []
    for name, child in network.named_children():
        if name == head:
            break
        found += [(layer,) for layer in (child if isinstance(child, nn.ModuleList) else [child])]
    return [part for part in found if any(True for module in part for _ in module.parameters())]
