"""The Transformer's encoder: layers of self-attention over real steps only (Vaswani et al. 2017)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.errors import TrainableError, nearest
from trainables.neural.activations import activation as activation_of
from trainables.neural.architecture import POOLINGS, POSITIONS
from trainables.neural.steps import WORD_SCALE, Steps, pool

__all__ = ["EncoderNetwork", "sinusoids"]


class EncoderNetwork(nn.Module):
    """From sequences (rows, length[, channels]) to (rows, outputs).

    The layers normalise before attention and before the feed-forward part (pre-norm, Xiong et al. 2020), which
    trains without a warm-up, and once more after the last.

    Args:
        reader: makes `Steps` of width `heads * head_width` of a batch.
        length: most steps that a sequence can have.
        outputs: of the network.
        heads, head_width: attention heads and the numbers of each; the width is their product, so it always divides.
        depth: layers.
        feedforward: hidden units of the feed-forward part, in widths.
        positions: "learned" vectors, "sinusoidal" ones, or "none": then the order of the steps is not seen.
        activation: of the feed-forward part.
        dropout: of what attention and feed-forward add, and before the outputs.
        pooling: "mean", "max", "last", or "class": the state of one more step with learnt values, put first
            (Devlin et al. 2019).

    Raises:
        TrainableError: an unknown name, or a size below 1.
    """

    def __init__(
        self,
        reader: nn.Module,
        length: int,
        outputs: int,
        *,
        heads: int,
        head_width: int,
        depth: int,
        feedforward: int,
        positions: str,
        activation: str,
        dropout: float,
        pooling: str,
    ) -> None:
        super().__init__()
        if positions not in POSITIONS:
            raise TrainableError(
                f"there are no model.positions {positions!r}; {nearest(positions, POSITIONS)}"
            )
        if pooling not in (*POOLINGS, "class"):
            raise TrainableError(
                f"there is no model.pooling {pooling!r}; {nearest(pooling, (*POOLINGS, 'class'))}"
            )
        if min(heads, head_width, depth, feedforward) < 1:
            raise TrainableError(
                "model.heads, model.head_width, model.depth and model.feedforward are at least 1, not "
                f"{heads}, {head_width}, {depth} and {feedforward}"
            )
        width = heads * head_width
        self.reader = reader
        self.pooling = pooling
        self.first = nn.Parameter(torch.randn(width) * 0.02) if pooling == "class" else None
        if positions == "learned":
            self.places: Tensor | None = nn.Parameter(torch.randn(length, width) * 0.02)
        else:
            fixed = WORD_SCALE * sinusoids(
                length, width
            )  # of the size of word vectors, which they would else drown
            self.register_buffer("places", fixed if positions == "sinusoidal" else None)
        self.layers = nn.ModuleList(
            _Layer(width, heads, feedforward * width, activation, dropout) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, outputs)

    def forward(self, batch: Tensor) -> Tensor:
        """The outputs (rows, outputs)."""
        steps: Steps = self.reader(batch)
        values, lengths = steps
        if self.places is not None:
            values = values + self.places[: values.shape[1]]
        if self.first is not None:
            values = torch.cat([self.first.expand(values.shape[0], 1, -1), values], dim=1)
            lengths = None if lengths is None else lengths + 1
        steps = Steps(values, lengths)
        real = steps.real
        mask = None if real is None else real[:, None, None, :]  # (rows, heads, who looks, what is looked at)
        for layer in self.layers:
            values = layer(values, mask)
        values = self.norm(values)
        pooled = values[:, 0] if self.pooling == "class" else pool(Steps(values, lengths), self.pooling)
        return torch.as_tensor(self.head(self.dropout(pooled)))


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int, activation: str, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.feedforward_norm = nn.LayerNorm(width)
        self.feedforward = nn.Sequential(
            nn.Linear(width, hidden), activation_of(activation), nn.Linear(hidden, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Tensor, mask: Tensor | None) -> Tensor:
        values = values + self.dropout(self.attend(self.attention_norm(values), mask))
        return values + torch.as_tensor(self.dropout(self.feedforward(self.feedforward_norm(values))))

    def attend(self, values: Tensor, mask: Tensor | None) -> Tensor:
        rows, length, width = values.shape
        parts = self.queries_keys_values(values).view(rows, length, 3, self.heads, width // self.heads)
        queries, keys, contents = parts.permute(2, 0, 3, 1, 4)  # each (rows, heads, length, head width)
        heads = functional.scaled_dot_product_attention(queries, keys, contents, attn_mask=mask)
        return torch.as_tensor(self.mix(heads.transpose(1, 2).reshape(rows, length, width)))


def sinusoids(length: int, width: int) -> Tensor:
    """Positions as (length, width) sines and cosines, the first of each pair a sine (Vaswani et al. 2017, 3.5)."""
    places = torch.arange(length)[:, None]
    rates = torch.exp(-math.log(10_000.0) * torch.arange(0, width, 2) / width)
    angles = places * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :width]
