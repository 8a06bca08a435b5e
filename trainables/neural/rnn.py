"""Recurrent networks for texts and series: simple cells, LSTM and GRU, in one or both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from trainables.base import Declaration
from trainables.data import modality_of
from trainables.neural.options import TRAINING_SPACE
from trainables.neural.supervised import BY_EPOCHS, Inputs, Supervised

if TYPE_CHECKING:
    from torch import nn

__all__ = ["RNN"]

SPACE: dict[str, Any] = {
    "model": {
        "cell": {"values": ["simple", "lstm", "gru"]},
        "embedding": {"min": 16, "max": 128, "step": 16},
        "width": {"min": 16, "max": 128, "step": 16},
        "depth": {"min": 1, "max": 2},
        "bidirectional": {"values": [True, False]},
        "pooling": {"values": ["last", "mean", "max"]},
    },
    "dropout": {"min": 0.0, "max": 0.6},
    # rates that suit words seen once in an epoch and words seen a thousand times: plain sgd has one for all
    "optimizer": {"values": ["adam", "adamw"]},
    "lr": {"min": 3e-4, "max": 1e-2, "distribution": "log_uniform_values"},
    **{name: TRAINING_SPACE[name] for name in ("weight_decay", "batch_size", "schedule")},
}


class RNN(Supervised):
    """A recurrent network for sequences of words or numbers; a step is an epoch.

    It reads texts, series to be classified or forecast, and images, a row of pixels after the other.

    Options, in brackets their defaults: ``model.cell`` (gru; lstm, simple); ``model.embedding`` (64), numbers that a
    word, or a patch of a series, becomes before it is read; ``model.patch`` (0), time steps of a series that are
    read at once, 0 = as few as give at most 64 steps, texts are read word by word; ``model.width`` (64) and
    ``model.depth`` (1), units of a layer in one direction and layers; ``model.bidirectional`` (true);
    ``model.pooling`` (mean; max, last) of the states at real words, padding is never read; ``model.anchor`` (true),
    forecasts only: the network puts out the change from the last value (see `steps.Anchor`); ``dropout`` (0.3) of
    word vectors, between layers and before the outputs. Training options: `trainables.neural.options`.
    """

    name = "rnn"
    views = ("tokens", "sequences")
    alone = "torch computes all steps of a recurrent layer in one call, which takes no stacked weights"
    architecture: ClassVar[Mapping[str, Any]] = {
        "model.cell": "gru",
        "model.embedding": 64,
        "model.patch": 0,
        "model.width": 64,
        "model.depth": 1,
        "model.bidirectional": True,
        "model.pooling": "mean",
        "model.anchor": True,
        "dropout": 0.3,
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
        from trainables.neural.recurrent import RecurrentNetwork
        from trainables.neural.steps import anchored, reader

        network = RecurrentNetwork(
            reader(inputs, options["model.embedding"], options["model.patch"], options["dropout"]),
            options["model.embedding"],
            inputs.outputs,
            cell=options["model.cell"],
            width=options["model.width"],
            layers=options["model.depth"],
            bidirectional=options["model.bidirectional"],
            dropout=options["dropout"],
            pooling=options["model.pooling"],
        )
        return anchored(network, inputs) if options["model.anchor"] else network
