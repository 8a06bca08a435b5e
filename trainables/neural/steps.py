"""What every model of sequences begins and ends with: steps made of words or numbers, and one vector made of steps."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from trainables.errors import TrainableError
from trainables.neural.supervised import Inputs

__all__ = [
    "STEPS",
    "WORD_SCALE",
    "Anchor",
    "Patches",
    "Steps",
    "Words",
    "anchored",
    "most_steps",
    "pool",
    "reader",
]

WORD_SCALE = (
    0.1  # deviation of first word vectors: torch's 1 is far more than a few epochs of steps can change
)
STEPS = 64  # of a sequence whose model.patch is left to us: more are slow, and hard to learn for a recurrent network


class Steps(NamedTuple):
    """A batch of sequences.

    Attributes:
        values: (rows, length, width).
        lengths: (rows,), real steps of each, at least 1, padding follows them; None = all are `length` long.
    """

    values: Tensor
    lengths: Tensor | None = None

    @property
    def real(self) -> Tensor | None:
        """(rows, length), False where a step is padding; None = none is."""
        if self.lengths is None:
            return None
        places = torch.arange(self.values.shape[1], device=self.values.device)
        return places < self.lengths[:, None]


class Words(nn.Module):
    """Words as vectors: a batch (rows, length) of word numbers, 0 = padding, becomes `Steps`.

    A batch is cut to its longest text: what is padding in all of its rows costs nothing. A text without any
    word is one step of padding.

    Args:
        vocabulary: how many words there are, padding included.
        width: of a word's vector.
        dropout: of the vectors' entries while training.
    """

    def __init__(self, vocabulary: int, width: int, dropout: float) -> None:
        super().__init__()
        self.vectors = nn.Embedding(vocabulary, width, padding_idx=0)
        with torch.no_grad():
            self.vectors.weight.mul_(WORD_SCALE)
        self.dropout = nn.Dropout(dropout)

    def forward(self, words: Tensor) -> Steps:
        """The vectors of the words (rows, length)."""
        lengths = (words != 0).sum(dim=1).clamp(min=1)
        if not torch.compiler.is_exporting():  # it only saves time, and no graph is cut to its longest row
            words = words[:, : int(lengths.max())]
        return Steps(self.dropout(self.vectors(words)), lengths)


class Patches(nn.Module):
    """Numbers as steps: each `size` time steps of all channels, side by side, become one vector of `width`.

    Patches are counted from the end, where a forecast looks; the oldest one repeats the first time step where it
    is not full (Nie et al. 2023 pad the other end).

    Args:
        channels: numbers of one time step.
        size: time steps of a patch, at least 1.
        width: of a step's vector.
    """

    def __init__(self, channels: int, size: int, width: int) -> None:
        super().__init__()
        self.size = size
        self.project = nn.Linear(channels * size, width)

    def forward(self, series: Tensor) -> Steps:
        """The steps of series (rows, length, channels)."""
        missing = -series.shape[1] % self.size
        if missing:
            series = torch.cat([series[:, :1].expand(-1, missing, -1), series], dim=1)
        return Steps(self.project(series.reshape(series.shape[0], -1, series.shape[2] * self.size)))


class Anchor(nn.Module):
    """Forecasts relative to the last value: the network sees a window less its last time step, and puts out what is
    to be added to it (Zeng et al. 2023, NLinear). So it follows a trend to where no training value has been.

    The last time step reaches the outputs through a linear map, which at first passes channel 0 on: a forecast's own
    past. It is learnt, since inputs and targets are scaled each for themselves.

    Args:
        network: from (rows, length, channels) to (rows, outputs).
        channels: of a time step.
        outputs: values to be forecast.
    """

    def __init__(self, network: nn.Module, channels: int, outputs: int) -> None:
        super().__init__()
        self.network = network
        self.carry = nn.Linear(channels, outputs)
        with torch.no_grad():
            self.carry.weight.zero_()
            self.carry.weight[:, 0] = 1.0
            self.carry.bias.zero_()

    def forward(self, series: Tensor) -> Tensor:
        """The forecasts (rows, outputs)."""
        last = series[:, -1]
        changes: Tensor = self.network(series - last[:, None])
        return changes + torch.as_tensor(self.carry(last))


def reader(inputs: Inputs, width: int, patch: int, dropout: float) -> nn.Module:
    """The module that makes `Steps` of width `width` of the batches that a model sees.

    Args:
        inputs: of view "tokens" or "sequences".
        width: numbers of a step, at least 1.
        patch: time steps of a patch, 0 = as few as give at most `STEPS` steps; texts have none.
        dropout: of word vectors, in [0, 1).

    Raises:
        TrainableError: an option out of its range.
    """
    if width < 1:
        raise TrainableError(
            "a step is made of at least 1 number (of rnn: model.embedding; of transformer: model.heads times "
            f"model.head_width), not {width}"
        )
    if not 0 <= dropout < 1:
        raise TrainableError(f"dropout is at least 0 and below 1, not {dropout}")
    if inputs.view == "tokens":
        return Words(inputs.vocabulary_size, width, dropout)
    return Patches(inputs.shape[1], _patch(patch, inputs.shape[0]), width)


def most_steps(inputs: Inputs, patch: int) -> int:
    """The most steps that `reader` makes of one row."""
    length = inputs.shape[0]
    return length if inputs.view == "tokens" else math.ceil(length / _patch(patch, length))


def anchored(network: nn.Module, inputs: Inputs) -> nn.Module:
    """The network, within an `Anchor` where it forecasts."""
    return Anchor(network, inputs.shape[1], inputs.outputs) if inputs.task == "forecasting" else network


def _patch(asked: int, length: int) -> int:
    if asked < 0:
        raise TrainableError(f"model.patch is at least 1, or 0 for a size that fits the data, not {asked}")
    return min(asked, length) if asked else math.ceil(length / STEPS)


def pool(steps: Steps, pooling: str) -> Tensor:
    """One vector (rows, width) of each sequence, from its real steps alone; `pooling` is one of `architecture.POOLINGS`."""
    values, lengths, real = steps.values, steps.lengths, steps.real
    if pooling == "last":
        if lengths is None:
            return values[:, -1]
        return values[torch.arange(values.shape[0], device=values.device), lengths - 1]
    if pooling == "mean":
        if lengths is None or real is None:
            return values.mean(dim=1)
        return (values * real[..., None]).sum(dim=1) / lengths[:, None]
    if real is not None:
        values = values.masked_fill(~real[..., None], -torch.inf)
    return values.amax(dim=1)
