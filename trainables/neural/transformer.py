"""The Transformer's encoder for texts and series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from trainables.base import Declaration
from trainables.data import modality_of
from trainables.neural.architecture import ARCHITECTURE_RULES, POOLINGS
from trainables.neural.options import TRAINING_SPACE
from trainables.neural.supervised import BY_EPOCHS, Inputs, Supervised
from trainables.options import Rule

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Transformer"]

SPACE: dict[str, Any] = {
    "model": {
        "heads": {"values": [1, 2, 4, 8]},
        "head_width": {
            "values": [8, 16, 32]
        },  # the width is the product: it cannot fail to divide by the heads
        "depth": {"min": 1, "max": 3},
        "feedforward": {"min": 1, "max": 4},
        "positions": {"values": ["learned", "sinusoidal"]},
        "pooling": {"values": ["mean", "max", "class"]},
    },
    "activation": {"values": ["relu", "gelu"]},
    "dropout": {"min": 0.0, "max": 0.5},
    # rates that suit words seen once in an epoch and words seen a thousand times: plain sgd has one for all
    "optimizer": {"values": ["adam", "adamw"]},
    "lr": {"min": 3e-4, "max": 1e-2, "distribution": "log_uniform_values"},
    **{name: TRAINING_SPACE[name] for name in ("weight_decay", "batch_size", "schedule")},
}


class Transformer(Supervised):
    """An encoder of self-attention layers for sequences of words or numbers; a step is an epoch.

    It reads texts, series to be classified or forecast, and images, a row of pixels after the other.

    Options, in brackets their defaults: ``model.heads`` (4) and ``model.head_width`` (16), whose product is the width;
    ``model.depth`` (2) layers; ``model.feedforward`` (2), hidden units of a layer's second part, in widths;
    ``model.positions`` (learned; sinusoidal, none); ``model.patch`` (0), time steps of a series that are one step,
    0 = as few as give at most 64 steps, texts are read word by word; ``model.pooling`` (mean; max, last, class: a
    learnt step put first) of the states at real words, padding is never attended to; ``model.anchor`` (true),
    forecasts only: the network puts out the change from the last value (see `steps.Anchor`); ``activation`` (gelu);
    ``dropout`` (0.2) of word vectors, of what a layer adds and before the outputs. Training options:
    `trainables.neural.options`.
    """

    name = "transformer"
    views = ("tokens", "sequences")
    rules = {**ARCHITECTURE_RULES, "model.pooling": Rule(choices=(*POOLINGS, "class"))}
    architecture: ClassVar[Mapping[str, Any]] = {
        "model.heads": 4,
        "model.head_width": 16,
        "model.depth": 2,
        "model.feedforward": 2,
        "model.positions": "learned",
        "model.patch": 0,
        "model.pooling": "mean",
        "model.anchor": True,
        "activation": "gelu",
        "dropout": 0.2,
    }
    declared = replace(BY_EPOCHS, parameters=SPACE)

    @classmethod
    def declare(cls, data: Mapping[str, Any] | None) -> Declaration:
        """As `Supervised.declare`, but with fewer epochs for texts: each has thousands of words, known by heart soon."""
        declared = super().declare(data)
        if data is not None and modality_of(data) == "text":
            return replace(declared, max_steps=9)
        return declared

    def build(self, inputs: Inputs, options: Mapping[str, Any]) -> nn.Module:
        """The network.

        Raises:
            TrainableError: an option out of its range.
        """
        from trainables.neural.attention import EncoderNetwork
        from trainables.neural.steps import anchored, most_steps, reader

        width = options["model.heads"] * options["model.head_width"]
        network = EncoderNetwork(
            reader(inputs, width, options["model.patch"], options["dropout"]),
            most_steps(inputs, options["model.patch"]),
            inputs.outputs,
            heads=options["model.heads"],
            head_width=options["model.head_width"],
            depth=options["model.depth"],
            feedforward=options["model.feedforward"],
            positions=options["model.positions"],
            activation=options["activation"],
            dropout=options["dropout"],
            pooling=options["model.pooling"],
        )
        return anchored(network, inputs) if options["model.anchor"] else network
