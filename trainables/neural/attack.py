"""The smallest changes of inputs that do most harm to a network: FGSM and PGD, within a ball and the bounds of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor, nn

__all__ = ["Ball", "Norm", "fgsm", "pgd"]

Norm = Literal["linf", "l2"]
Loss = Callable[[Tensor, Tensor], Tensor]
"""Outputs (rows, outputs) and what is right (rows,) or (rows, outputs) -> what the attack raises, a number a row or their sum; a number a row where
there are several starts."""


@dataclass(frozen=True, eq=False)
class Ball:
    """Where an attack may move an input x: all x + scale * d with |d| <= radius, within [low, high].

    Attributes:
        norm: "linf": no input is moved by more than `radius` units; "l2": the 2-norm over all of a row's inputs is at
            most `radius` units.
        radius: at least 0, in units.
        scale: tensor that broadcasts with a row: how much of each input is one unit; an input of scale 0 stays.
        low, high: tensors that broadcast with a row: the bounds of the data.
    """

    norm: Norm
    radius: float
    scale: Tensor
    low: Tensor
    high: Tensor

    def ascent(self, gradient: Tensor) -> Tensor:
        """The direction of length 1, in units, in which the loss climbs most."""
        climb = gradient * self.scale
        if self.norm == "linf":
            return climb.sign()
        flat = climb.flatten(1)
        direction: Tensor = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-12)
        return direction.view_as(climb)

    def projected(self, x: Tensor, moved: Tensor) -> Tensor:
        """The point of the ball around x that is nearest to `moved`, clipped to the bounds of the data."""
        moving = self.scale > 0
        unit = torch.where(moving, self.scale, torch.ones_like(self.scale))
        step = torch.where(moving, (moved - x) / unit, torch.zeros_like(x))
        if self.norm == "linf":
            step = step.clamp(-self.radius, self.radius)
        else:
            size = step.flatten(1).norm(dim=1).clamp(min=1e-12)
            shrink = (self.radius / size).clamp(max=1.0)
            step = step * shrink.view(-1, *[1] * (x.ndim - 1))
        clipped = torch.minimum(torch.maximum(x + step * self.scale, self.low), self.high)
        return torch.where(moving.expand_as(x), clipped, x)

    def anywhere(self, x: Tensor, generator: Generator) -> Tensor:
        """A point of the ball around each x, drawn evenly (on the CPU, so that every device draws the same)."""
        if self.norm == "linf":
            step = torch.rand(x.shape, generator=generator) * 2 - 1
        else:
            step = torch.randn(x.shape, generator=generator)
            flat = step.flatten(1)
            reach = torch.rand(len(x), 1, generator=generator) ** (1 / flat.shape[1])
            step = (flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-12) * reach).view_as(step)
        return self.projected(x, x + self.radius * step.to(x) * self.scale)


def fgsm(module: nn.Module, x: Tensor, y: Tensor, loss: Loss, ball: Ball) -> Tensor:
    """The fast gradient sign method (Goodfellow et al. 2015): one step as far as the ball reaches.

    Args:
        module: in evaluation; its parameters' gradients are left alone.
        x: float (rows, ...).
        y: what is right for each row.
        loss: what is raised.
        ball: how far.

    Returns:
        The inputs moved, of the shape of x.
    """
    return ball.projected(x, x + ball.radius * ball.ascent(_gradient(module, x, y, loss)) * ball.scale)


def pgd(
    module: nn.Module,
    x: Tensor,
    y: Tensor,
    loss: Loss,
    ball: Ball,
    *,
    steps: int = 20,
    step: float = 0.0,
    starts: int = 1,
    generator: Generator | None = None,
) -> Tensor:
    """Projected gradient descent (Madry et al. 2018): many small steps, each drawn back into the ball.

    Args:
        module, x, y, loss, ball: as of `fgsm`.
        steps: of each start, at least 1.
        step: the length of one in units; 0 = 2.5 radius / steps, with which it can cross the ball.
        starts: random starts; of each row the moved input with the largest loss of all of them is kept.
        generator: of the random starts, on the CPU; None = one start, from x itself.

    Returns:
        The inputs moved, of the shape of x.
    """
    length = step or 2.5 * ball.radius / steps
    worst, harm = x, torch.full((len(x),), -torch.inf, device=x.device)
    count = starts if generator is not None else 1
    for _ in range(count):
        moved = x if generator is None else ball.anywhere(x, generator)
        for _ in range(steps):
            gradient = _gradient(module, moved, y, loss)
            moved = ball.projected(x, moved + length * ball.ascent(gradient) * ball.scale)
        if count == 1:
            return moved
        with torch.no_grad():
            found = torch.nan_to_num(loss(module(moved), y), nan=torch.inf)
        better = found > harm
        harm = torch.where(better, found, harm)
        worst = torch.where(better.view(-1, *[1] * (x.ndim - 1)), moved, worst)
    return worst


def _gradient(module: nn.Module, x: Tensor, y: Tensor, loss: Loss) -> Tensor:
    leaf = x.detach().requires_grad_(True)
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(loss(module(leaf), y).sum(), leaf)
    return torch.nan_to_num(gradient)
