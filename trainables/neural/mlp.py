"""A multilayer perceptron for tables and small images: fully connected layers with dropout."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainables.base import Declaration, Trainable
from trainables.data import load
from trainables.errors import TrainableError, nearest
from trainables.options import read_options
from trainables.supervised import declaration_for

if TYPE_CHECKING:
    from torch import nn

__all__ = ["MLP"]

ACTIVATIONS = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "tanh": "Tanh"}  # our name: torch.nn's

DEFAULTS: dict[str, Any] = {
    "model.width": 128,
    "model.depth": 2,
    "activation": "relu",
    "dropout": 0.1,
    "optimizer": "adam",
    "lr": 1e-3,
    "momentum": 0.9,
    "weight_decay": 0.0,
    "batch_size": 64,
    "epochs": 0,
    "threads": 0,
}

SPACE: dict[str, Any] = {
    "model": {"width": {"min": 16, "max": 256, "step": 16}, "depth": {"min": 1, "max": 3}},
    "activation": {"values": ["relu", "gelu", "tanh"]},
    "dropout": {"min": 0.0, "max": 0.5},
    "optimizer": {"values": ["sgd", "adam", "adamw"]},
    "momentum": {"min": 0.5, "max": 0.99, "when": {"optimizer": "sgd"}},
    "lr": {"min": 1e-4, "max": 1e-1, "distribution": "log_uniform_values"},
    "weight_decay": {"min": 1e-6, "max": 1e-2, "distribution": "log_uniform_values"},
    "batch_size": {"values": [32, 64, 128]},
}


class MLP(Trainable):
    """A perceptron trained with mini-batches; a step is an epoch.

    Options, in brackets their defaults: ``model.width`` (128) and ``model.depth`` (2), units of a hidden
    layer and hidden layers, each at least 1; ``activation`` (relu; gelu, silu, tanh); ``dropout`` (0.1) after
    each hidden layer, in [0, 1); ``optimizer`` (adam; sgd, adamw), ``lr`` (1e-3), ``momentum`` (0.9, sgd
    only), ``weight_decay`` (0), ``batch_size`` (64); ``epochs`` (0 = until it is stopped), after which the
    trial is over; ``threads`` (0 = OMP_NUM_THREADS, else 1), threads of torch, set for the whole process.

    Metrics: see `Training.epoch`.
    """

    declared = Declaration(
        metric="val/accuracy",
        goal="maximize",
        step_unit="epoch",
        max_steps=27,
        parameters=SPACE,
        data="digits",
        clocked=("examples_per_second",),
    )

    @classmethod
    def declare(cls, data: Mapping[str, Any] | None) -> Declaration:
        """As `declared`, but a regression minimises "val/rmse"."""
        return declaration_for(cls.declared, data)

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        """Load the data and build the network.

        Raises:
            TrainableError: an unknown option, or one out of its range.
            DataError: the data cannot be read.
        """
        import torch

        from trainables.neural.training import Training

        o = read_options(config, DEFAULTS, "mlp")
        torch.set_num_threads(o["threads"] or int(os.environ.get("OMP_NUM_THREADS") or 1))
        self._epochs = o["epochs"]
        self._training = Training(
            lambda inputs, outputs: perceptron(
                inputs, outputs, o["model.width"], o["model.depth"], o["activation"], o["dropout"]
            ),
            load(config.get("data") or "digits"),
            optimizer=o["optimizer"],
            lr=o["lr"],
            momentum=o["momentum"],
            weight_decay=o["weight_decay"],
            batch_size=o["batch_size"],
            seed=seed,
            device=device,
        )

    def step(self) -> Mapping[str, float]:
        """Train for one epoch.

        Raises:
            StopIteration: after `epochs`.
        """
        if self._epochs and self._training.epochs >= self._epochs:
            raise StopIteration
        return self._training.epoch()

    def save(self, directory: Path) -> None:
        """Write weights, optimizer and random state."""
        self._training.save(directory)

    def load(self, directory: Path) -> None:
        """Read what `save` wrote.

        Raises:
            CheckpointError: the file is missing, cut, or of another architecture.
        """
        self._training.load(directory)


def perceptron(
    inputs: int, outputs: int, width: int, depth: int, activation: str, dropout: float
) -> nn.Sequential:
    """The network: `depth` hidden layers of `width` units, and one linear layer to the `outputs`.

    Raises:
        TrainableError: an unknown activation, or an option out of its range.
    """
    from torch import nn

    if activation not in ACTIVATIONS:
        raise TrainableError(f"there is no activation {activation!r}; {nearest(activation, ACTIVATIONS)}")
    if width < 1 or depth < 1:
        raise TrainableError(f"model.width and model.depth are at least 1, not {width} and {depth}")
    if not 0 <= dropout < 1:
        raise TrainableError(f"dropout is at least 0 and below 1, not {dropout}")
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(inputs, width), getattr(nn, ACTIVATIONS[activation])()]
        if dropout:
            layers.append(nn.Dropout(dropout))
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))
