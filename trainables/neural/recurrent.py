"""The recurrent network: layers of simple, LSTM or GRU cells, forwards or both ways, over real steps only."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trainables.errors import TrainableError, nearest
from trainables.neural.architecture import CELLS, POOLINGS
from trainables.neural.steps import Steps, pool

__all__ = ["RecurrentNetwork", "turned"]


class RecurrentNetwork(nn.Module):
    """From sequences (rows, length[, channels]) to (rows, outputs).

    Padding stands after the real steps, so no forward state of a real step has seen any; for the backward direction
    the real steps of each row are turned around first. This gives what torch gives for packed sequences (a test
    compares them), in less than half of the time on a CPU.

    Args:
        reader: makes `Steps` of a batch.
        inputs: width of its steps.
        outputs: of the network.
        cell: "simple" (tanh; Elman 1990), "lstm" (Hochreiter and Schmidhuber 1997; with a forget gate that is open
            at first, Jozefowicz et al. 2015) or "gru" (Cho et al. 2014).
        width: units of a layer in one direction.
        layers: how many, each at the states of the one below.
        bidirectional: each layer reads both ways; its states are the two side by side.
        dropout: between layers and before the outputs.
        pooling: of the last layer's states: "last" (the state of each direction that has read everything), "mean" or
            "max".

    Raises:
        TrainableError: an unknown cell or pooling, or a size below 1.
    """

    def __init__(
        self,
        reader: nn.Module,
        inputs: int,
        outputs: int,
        *,
        cell: str,
        width: int,
        layers: int,
        bidirectional: bool,
        dropout: float,
        pooling: str,
    ) -> None:
        super().__init__()
        if cell not in CELLS:
            raise TrainableError(f"there is no model.cell {cell!r}; {nearest(cell, CELLS)}")
        if pooling not in POOLINGS:
            raise TrainableError(f"there is no model.pooling {pooling!r}; {nearest(pooling, POOLINGS)}")
        if width < 1 or layers < 1:
            raise TrainableError(f"model.width and model.depth are at least 1, not {width} and {layers}")
        self.reader = reader
        self.pooling = pooling
        directions = 2 if bidirectional else 1
        widths = [inputs] + [directions * width] * (layers - 1)
        self.forwards = nn.ModuleList(_cells(cell, below, width) for below in widths)
        self.backwards = nn.ModuleList(_cells(cell, below, width) for below in widths if bidirectional)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(directions * width, outputs)

    def forward(self, batch: Tensor) -> Tensor:
        """The outputs (rows, outputs)."""
        steps: Steps = self.reader(batch)
        values = steps.values
        states: list[Tensor] = []
        for layer, forwards in enumerate(self.forwards):
            if layer:
                values = self.dropout(values)
            states = [forwards(values)[0]]
            if self.backwards:
                states.append(self.backwards[layer](turned(values, steps.lengths))[0])
            # the states of the backward direction, each to the step it belongs to
            values = torch.cat([states[0], *(turned(back, steps.lengths) for back in states[1:])], dim=2)
        if self.pooling == "last":  # of the backward direction this is the state at the first step
            pooled = torch.cat([pool(Steps(state, steps.lengths), "last") for state in states], dim=1)
        else:
            pooled = pool(Steps(values, steps.lengths), self.pooling)
        return torch.as_tensor(self.head(self.dropout(pooled)))


def turned(values: Tensor, lengths: Tensor | None) -> Tensor:
    """The real steps of each row of (rows, length, width) in the opposite order; padding stays where it is."""
    if lengths is None:
        return values.flip(1)
    places = torch.arange(values.shape[1], device=values.device).expand(values.shape[0], -1)
    last = lengths[:, None] - 1
    order = torch.where(places <= last, last - places, places)
    return values.gather(1, order[..., None].expand_as(values))


def _cells(cell: str, inputs: int, width: int) -> nn.RNNBase:
    cells: nn.RNNBase = getattr(nn, CELLS[cell])(inputs, width, batch_first=True)
    if cell == "lstm":
        with torch.no_grad():  # the gates' order is input, forget, cell, output; the two biases are added
            for bias, value in ((cells.bias_ih_l0, 1.0), (cells.bias_hh_l0, 0.0)):
                torch.as_tensor(bias)[width : 2 * width] = value
    return cells
