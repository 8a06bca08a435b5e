"""The encoder: as torch's own layer, blind to padding, and aware of order only through positions."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from trainables import TrainableError
from trainables.neural.attention import EncoderNetwork, sinusoids
from trainables.neural.steps import Steps, Words

MADE: dict[str, Any] = {
    "heads": 2,
    "head_width": 4,
    "depth": 2,
    "feedforward": 3,
    "positions": "learned",
    "activation": "gelu",
    "dropout": 0.0,
    "pooling": "mean",
}


def network(**options: Any) -> EncoderNetwork:
    torch.manual_seed(0)
    return EncoderNetwork(Words(9, 8, 0.0), 12, 3, **{**MADE, **options}).eval()


def test_a_layer_is_torchs_own() -> None:
    ours = network(depth=1)
    layer = ours.layers[0]
    theirs = nn.TransformerEncoderLayer(
        8, 2, 24, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": layer.queries_keys_values.weight,
            "self_attn.in_proj_bias": layer.queries_keys_values.bias,
            "self_attn.out_proj.weight": layer.mix.weight,
            "self_attn.out_proj.bias": layer.mix.bias,
            "linear1.weight": layer.feedforward[0].weight,
            "linear1.bias": layer.feedforward[0].bias,
            "linear2.weight": layer.feedforward[2].weight,
            "linear2.bias": layer.feedforward[2].bias,
            "norm1.weight": layer.attention_norm.weight,
            "norm1.bias": layer.attention_norm.bias,
            "norm2.weight": layer.feedforward_norm.weight,
            "norm2.bias": layer.feedforward_norm.bias,
        }
    )
    values = torch.randn(3, 5, 8)
    real = Steps(values, torch.tensor([5, 2, 4])).real
    assert real is not None
    expected = theirs(values, src_key_padding_mask=~real)
    found = layer(values, real[:, None, None, :])
    torch.testing.assert_close(found[real], expected[real])


@pytest.mark.parametrize("pooling", ["mean", "max", "last", "class"])
@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "none"])
def test_padding_changes_nothing(pooling: str, positions: str) -> None:
    """Neither more of it, nor a longer neighbour in the batch, nor what the padding's vector is."""
    model = network(pooling=pooling, positions=positions)
    text = torch.tensor([[3, 7, 1]])
    beside = torch.tensor([[3, 7, 1, 0, 0, 0, 0], [8, 7, 6, 5, 4, 3, 0]])
    torch.testing.assert_close(model(beside)[:1], model(text))
    with torch.no_grad():
        model.reader.vectors.weight[0] = 100.0
    torch.testing.assert_close(model(beside)[:1], model(text))


def test_a_text_without_words_has_an_output() -> None:
    assert network()(torch.zeros(2, 12, dtype=torch.int64)).isfinite().all()


@pytest.mark.parametrize(
    ("positions", "sees_order"), [("none", False), ("learned", True), ("sinusoidal", True)]
)
def test_order_is_seen_through_positions_alone(positions: str, sees_order: bool) -> None:
    model = network(positions=positions)
    one, other = model(torch.tensor([[3, 7, 1], [1, 3, 7]]))
    assert torch.allclose(one, other, atol=1e-6) is not sees_order


def test_sinusoids_follow_the_paper() -> None:
    """PE(pos, 2i) = sin(pos / 10000^(2i/d)), PE(pos, 2i+1) = cos(...): section 3.5."""
    table = sinusoids(7, 5)
    assert table.shape == (7, 5)
    for place in range(7):
        for number in range(5):
            angle = torch.tensor(place / 10_000 ** ((number - number % 2) / 5))
            expected = angle.cos() if number % 2 else angle.sin()
            torch.testing.assert_close(table[place, number], expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"pooling": "clas"}, "no model.pooling 'clas'; did you mean class"),
        ({"positions": "learnt"}, "no model.positions 'learnt'; did you mean learned"),
        ({"activation": "rely"}, "no activation 'rely'"),
        ({"heads": 0}, "at least 1, not 0, 4, 2 and 3"),
        ({"feedforward": 0}, "at least 1, not 2, 4, 2 and 0"),
    ],
)
def test_wrong_options(options: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        network(**options)
