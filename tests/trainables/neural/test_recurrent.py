"""The recurrent network: as torch's own cells on packed sequences, and blind to padding."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from trainables import TrainableError
from trainables.neural.architecture import CELLS
from trainables.neural.recurrent import RecurrentNetwork, turned
from trainables.neural.steps import Steps, Words

LENGTHS = torch.tensor([7, 1, 4, 5, 7])
MADE: dict[str, Any] = {
    "cell": "gru",
    "width": 6,
    "layers": 1,
    "bidirectional": True,
    "dropout": 0.0,
    "pooling": "last",
}


class Given(nn.Module):
    """A reader that hands the batch on, with the lengths above."""

    def forward(self, batch: torch.Tensor) -> Steps:
        return Steps(batch, LENGTHS)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
def test_it_is_torchs_own_on_packed_sequences(cell: str, bidirectional: bool, layers: int) -> None:
    torch.manual_seed(0)
    ours = RecurrentNetwork(
        Given(), 5, 3, **{**MADE, "cell": cell, "bidirectional": bidirectional, "layers": layers}
    )
    theirs = {"simple": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell](
        5, 6, layers, bidirectional=bidirectional, batch_first=True
    )
    weights = {}
    for suffix, cells in (("", ours.forwards), ("_reverse", ours.backwards)):
        for layer, module in enumerate(cells):
            weights.update({name[:-1] + f"{layer}{suffix}": p for name, p in module.named_parameters()})
    theirs.load_state_dict(weights)
    batch = torch.randn(5, 7, 5)
    packed = pack_padded_sequence(batch, LENGTHS, batch_first=True, enforce_sorted=False)
    last = theirs(packed)[1]
    last = (last[0] if cell == "lstm" else last)[-2 if bidirectional else -1 :]
    expected = ours.head(last.transpose(0, 1).flatten(1))
    torch.testing.assert_close(ours(batch), expected)


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_changes_nothing(pooling: str, bidirectional: bool) -> None:
    """Neither more of it, nor a longer neighbour in the batch, nor what the padding's vector is."""
    torch.manual_seed(0)
    made = {**MADE, "pooling": pooling, "bidirectional": bidirectional, "layers": 2}
    network = RecurrentNetwork(Words(9, 4, 0.0), 4, 2, **made)
    text = torch.tensor([[3, 7, 1]])
    beside = torch.tensor([[3, 7, 1, 0, 0, 0, 0], [8, 7, 6, 5, 4, 3, 0]])
    torch.testing.assert_close(network(beside)[:1], network(text))
    with torch.no_grad():
        network.reader.vectors.weight[0] = 100.0
    torch.testing.assert_close(network(beside)[:1], network(text))


def test_turning_is_its_own_inverse_and_leaves_padding() -> None:
    values = torch.arange(1.0, 11.0).view(2, 5, 1)
    lengths = torch.tensor([5, 2])
    once = turned(values, lengths)
    assert once[:, :, 0].tolist() == [[5, 4, 3, 2, 1], [7, 6, 8, 9, 10]]
    assert torch.equal(turned(once, lengths), values)
    assert torch.equal(turned(values, None), values.flip(1))


def test_the_forget_gate_is_open_at_first() -> None:
    network = RecurrentNetwork(Given(), 5, 3, **{**MADE, "cell": "lstm"})
    for cells in (*network.forwards, *network.backwards):
        total = cells.bias_ih_l0 + cells.bias_hh_l0
        assert torch.equal(total[6:12], torch.ones(6))
        assert not torch.equal(total[:6], torch.ones(6))


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"cell": "lstn"}, "no model.cell 'lstn'; did you mean lstm"),
        ({"pooling": "men"}, "no model.pooling 'men'; did you mean mean"),
        ({"width": 0}, "at least 1, not 0 and 1"),
        ({"layers": 0}, "at least 1, not 6 and 0"),
    ],
)
def test_wrong_options(options: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        RecurrentNetwork(Given(), 5, 3, **{**MADE, **options})
