"""Supervised training of any torch module, an epoch a step; saved and restored exactly."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.data import Dataset
from trainables.errors import CheckpointError, TrainableError, nearest
from trainables.neural.randomness import OwnRandomness

__all__ = ["OPTIMIZERS", "Training"]

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}
CHECKPOINT = "training.pt"


class Training:
    """Trains one module on one data set.

    The features are standardised with the mean and deviation of the training rows (one deviation for all
    features would be kinder to images; one for each is right for tables), and so are the targets of a
    regression. A run that has diverged reports NaN, for its accuracy too: of logits that are no numbers none
    is the largest.

    Args:
        build: makes the module from its numbers of inputs and outputs; drawing its first weights is seeded.
        dataset: what to learn; a classification is trained on cross entropy, a regression on squared error.
        optimizer: a name of `OPTIMIZERS`.
        lr: learning rate, positive.
        momentum: in [0, 1), for sgd; the others ignore it.
        weight_decay: at least 0; decoupled for adamw, an L2 term of the gradient for the others.
        batch_size: rows of a batch, at least 1; the last of an epoch may be smaller.
        seed: of the weights, the order of the rows and dropout.
        device: "cpu", "cuda" or "cuda:N".

    Raises:
        TrainableError: an unknown optimizer, or an option out of its range.
    """

    def __init__(
        self,
        build: Callable[[int, int], nn.Module],
        dataset: Dataset,
        *,
        optimizer: str,
        lr: float,
        momentum: float,
        weight_decay: float,
        batch_size: int,
        seed: int,
        device: str,
    ) -> None:
        if optimizer not in OPTIMIZERS:
            raise TrainableError(f"there is no optimizer {optimizer!r}; {nearest(optimizer, OPTIMIZERS)}")
        if batch_size < 1:
            raise TrainableError(f"batch_size is at least 1, not {batch_size}")
        self.epochs = 0  # done so far
        self._device = torch.device(device)
        self._random = OwnRandomness(seed, self._device)
        self._classes = dataset.n_classes
        self._load_data(dataset)
        with self._random.lent():
            module = build(self._train_x.shape[1], max(1, self._classes))
        self._module = module.to(self._device)
        self._parameters = list(self._module.parameters())
        self._batch_size = batch_size
        extra = {"momentum": momentum} if optimizer == "sgd" else {}
        try:
            # fused: one call a batch instead of a dozen a tensor; at these sizes the calls are the cost
            self._optimizer = OPTIMIZERS[optimizer](
                self._parameters, lr=lr, weight_decay=weight_decay, fused=True, **extra
            )
        except ValueError as error:
            raise TrainableError(f"{optimizer}: {error}") from error

    def epoch(self) -> dict[str, float]:
        """Train on every row once, in a fresh order, and measure.

        Returns:
            "train/loss" (mean over the epoch), "val/loss", "val/accuracy" or, for a regression, "val/rmse"
            in the target's own unit, "lr", "grad_norm" (2-norm, last batch), "examples_per_second".
        """
        started = time.perf_counter()
        self._module.train()
        rows = len(self._train_x)
        total = torch.zeros((), device=self._device)
        with self._random.lent():
            order = torch.randperm(rows).to(self._device)
            xs, ys = self._train_x[order], self._train_y[order]
            for first in range(0, rows, self._batch_size):
                y = ys[first : first + self._batch_size]
                loss = self._loss(self._module(xs[first : first + self._batch_size]), y)
                self._optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                self._optimizer.step()
                total += loss.detach() * len(y)
        self.epochs += 1
        norm = torch.nn.utils.get_total_norm(p.grad for p in self._parameters if p.grad is not None)
        metrics = {"train/loss": float(total) / rows, **self._validate()}
        metrics["lr"] = float(self._optimizer.param_groups[0]["lr"])
        metrics["grad_norm"] = float(norm)
        metrics["examples_per_second"] = rows / max(time.perf_counter() - started, 1e-9)
        return metrics

    def save(self, directory: Path) -> None:
        """Write weights, the optimizer's state and the random state."""
        state = {
            "epochs": self.epochs,
            "module": self._module.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "random": self._random.states,
        }
        torch.save(state, directory / CHECKPOINT)

    def load(self, directory: Path) -> None:
        """Read what `save` wrote; only tensors and plain values are ever read (``weights_only``).

        Raises:
            CheckpointError: the file is missing, cut, or of another architecture.
        """
        file = directory / CHECKPOINT
        try:
            state: Mapping[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
            self._module.load_state_dict(state["module"])
            self._optimizer.load_state_dict(state["optimizer"])
            self._random.states = list(state["random"])
            self.epochs = int(state["epochs"])
        except Exception as error:
            raise CheckpointError(f"{file} cannot be loaded: {error}") from error

    def _load_data(self, dataset: Dataset) -> None:
        mean, deviation = dataset.train_x.mean(axis=0), dataset.train_x.std(axis=0)
        deviation[deviation < 1e-12] = 1.0
        y_type = torch.int64 if self._classes else torch.float32
        self._y_scale = 1.0
        train_y, valid_y = dataset.train_y, dataset.valid_y
        if not self._classes:
            self._y_scale = float(train_y.std()) or 1.0
            middle = train_y.mean()
            train_y, valid_y = (train_y - middle) / self._y_scale, (valid_y - middle) / self._y_scale

        def tensor(array: Any, dtype: torch.dtype) -> Tensor:
            return torch.tensor(array, dtype=dtype, device=self._device)

        self._train_x = tensor((dataset.train_x - mean) / deviation, torch.float32)
        self._valid_x = tensor((dataset.valid_x - mean) / deviation, torch.float32)
        self._train_y, self._valid_y = tensor(train_y, y_type), tensor(valid_y, y_type)

    def _loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        if self._classes:
            return functional.cross_entropy(outputs, y)
        return functional.mse_loss(outputs[:, 0], y)

    @torch.no_grad()
    def _validate(self) -> dict[str, float]:
        self._module.eval()
        outputs = self._module(self._valid_x)
        loss = float(self._loss(outputs, self._valid_y))
        if not self._classes:
            return {"val/loss": loss, "val/rmse": math.sqrt(loss) * self._y_scale}
        correct = float((outputs.argmax(dim=1) == self._valid_y).double().mean())
        return {"val/loss": loss, "val/accuracy": correct if math.isfinite(loss) else math.nan}
