"""A network whose outputs are what people ask for: probabilities, or values in the target's own unit."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from deploy.trained import Trained

__all__ = ["quietly", "served"]


def served(trained: Trained) -> nn.Module | None:
    """The network of a trial with softmax, or with the unit of its target, at its end; None where it is no network."""
    import torch
    from torch import Tensor, nn

    class Served(nn.Module):
        """Everything in float32."""

        middle: Tensor
        deviation: Tensor

        def __init__(self, network: nn.Module, middle: Tensor, deviation: Tensor, *, classes: bool) -> None:
            super().__init__()
            self.network, self.classes = network, classes
            self.register_buffer("middle", middle)
            self.register_buffer("deviation", deviation)

        def forward(self, x: Tensor) -> Tensor:
            found: Tensor = self.network(x)
            return found.softmax(dim=-1) if self.classes else found * self.deviation + self.middle

    if trained.module is None:
        return None
    targets = trained.trainable.targets
    middle, deviation = (
        torch.tensor(each, dtype=torch.float32) for each in (targets.middle, targets.deviation)
    )
    return Served(trained.module.cpu(), middle, deviation, classes=bool(trained.labels)).eval()


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without what torch and onnxscript tell each other while they trace: what went wrong is in the exception."""
    loggers = [logging.getLogger(name) for name in ("torch", "torch.onnx", "onnxscript", "onnx_ir")]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.CRITICAL)
    silence = io.StringIO()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(silence),
            contextlib.redirect_stderr(silence),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)
