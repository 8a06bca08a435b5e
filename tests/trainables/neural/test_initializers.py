"""First weights: each initializer has the spread that its paper gives it, for every kind of layer."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from trainables import TrainableError
from trainables.neural.initializers import initialize
from trainables.neural.options import TRAINING_OPTIONS

LAYERS = {
    "linear": lambda: nn.Linear(300, 200),
    "convolution": lambda: nn.Conv2d(32, 64, 3),
    "recurrent": lambda: nn.LSTM(150, 100),
    "attention": lambda: nn.MultiheadAttention(160, 4),
}


def test_an_unknown_one() -> None:
    with pytest.raises(TrainableError, match=r"no initializer 'orthgonal'; did you mean orthogonal\?"):
        initialize(nn.Linear(2, 2), "orthgonal")


def matrices(layer: nn.Module) -> list[torch.Tensor]:
    """The weight matrices, stacked ones apart, as (outputs, inputs)."""
    found = []
    for name, parameter in layer.named_parameters():
        if parameter.dim() >= 2:
            parts = 4 if isinstance(layer, nn.LSTM) else 3 if name == "in_proj_weight" else 1
            found += [part.detach().flatten(1) for part in parameter.chunk(parts)]
    return found


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("name", [n for n in TRAINING_OPTIONS["initializer"].choices if n != "default"])
def test_the_spread(kind: str, name: str) -> None:
    torch.manual_seed(0)
    layer = LAYERS[kind]()
    if kind == "attention":
        layer = nn.Sequential(layer)[0]
    initialize(layer, name, 0.02)
    for matrix in matrices(layer):
        outputs, inputs = matrix.shape
        places = 9 if kind == "convolution" else 1  # a kernel's outputs reach so many places
        deviation = {
            "uniform": 0.02 / math.sqrt(3),
            "normal": 0.02,
            "xavier": math.sqrt(2 / (inputs + outputs * places)),
            "he": math.sqrt(2 / inputs),
            "orthogonal": 1 / math.sqrt(max(matrix.shape)),
        }[name]
        assert float(matrix.std()) == pytest.approx(deviation, rel=0.05)
        assert abs(float(matrix.mean())) < 5 * deviation / math.sqrt(matrix.numel())
        if name == "orthogonal":
            small = matrix if outputs <= inputs else matrix.T
            torch.testing.assert_close(small @ small.T, torch.eye(len(small)), atol=1e-4, rtol=0)
    biases = [p for n, p in layer.named_parameters() if "bias" in n]
    assert biases
    assert all(float(bias.detach().abs().max()) == 0 for bias in biases)


def test_embeddings_and_norms_stay() -> None:
    module = nn.Sequential(nn.Embedding(9, 4), nn.LayerNorm(4), nn.BatchNorm1d(4))
    before = [p.detach().clone() for p in module.parameters()]
    initialize(module, "he")
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))


def test_the_default_leaves_torchs_weights() -> None:
    torch.manual_seed(0)
    expected = nn.Linear(5, 3).weight
    torch.manual_seed(0)
    layer = nn.Linear(5, 3)
    initialize(layer, "default")
    assert torch.equal(layer.weight, expected)
