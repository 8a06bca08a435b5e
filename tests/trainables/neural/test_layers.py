"""Norms, DropConnect and activations, against what they are defined as."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trainables import TrainableError
from trainables.neural.activations import ACTIVATIONS, activation
from trainables.neural.architecture import NORMS
from trainables.neural.layers import DropConnect, norm


def test_unknown_names_and_wrong_rates() -> None:
    with pytest.raises(TrainableError, match=r"no norm 'bach'; did you mean batch\?"):
        norm("bach", 4)
    with pytest.raises(TrainableError, match="no activation 'geluu'; did you mean gelu"):
        activation("geluu")
    with pytest.raises(TrainableError, match=r"dropconnect is at least 0 and below 1, not 1.0"):
        DropConnect(3, 2, 1.0)


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("dimensions", [0, 1, 2])
def test_norms_leave_mean_zero_and_deviation_one_where_they_look(name: str, dimensions: int) -> None:
    torch.manual_seed(0)
    x = 5 + 3 * torch.randn(6, 64, *[5] * dimensions)
    y = norm(name, 64, dimensions)(x).detach()  # type: ignore[arg-type]
    assert y.shape == x.shape
    if name == "none":
        assert torch.equal(y, x)
        return
    seen = {
        "batch": y.transpose(0, 1).reshape(64, -1),
        "layer": y.reshape(6, -1),
        "group": y.reshape(6 * 8, -1),
    }[name]
    torch.testing.assert_close(seen.mean(dim=1), torch.zeros(len(seen)), atol=1e-4, rtol=0)
    torch.testing.assert_close(seen.var(dim=1, unbiased=False), torch.ones(len(seen)), atol=2e-2, rtol=0)


@pytest.mark.parametrize("channels", [1, 3, 6, 12, 64])
def test_groups_divide_any_number_of_channels(channels: int) -> None:
    assert norm("group", channels)(torch.randn(2, channels, 4, 4)).shape == (2, channels, 4, 4)


def test_dropconnect_drops_weights_not_outputs() -> None:
    torch.manual_seed(0)
    layer = DropConnect(400, 30, 0.25)
    x = torch.eye(400)  # each row of the output is a column of the weights
    kept = (layer(x) - layer.bias != 0).double().mean()
    assert float(kept) == pytest.approx(0.75, abs=4 * (0.25 * 0.75 / 12_000) ** 0.5)
    dropped = layer(x) - layer.bias
    whole = dropped != 0
    torch.testing.assert_close(dropped[whole], (layer.weight.T / 0.75)[whole], rtol=1e-3, atol=1e-5)
    layer.eval()
    torch.testing.assert_close(layer(x), nn.functional.linear(x, layer.weight, layer.bias))
    assert layer(torch.randn(2, 7, 400)).shape == (2, 7, 30)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    x = torch.linspace(-4, 4, 101, dtype=torch.float64)
    closed = {
        "sigmoid": 1 / (1 + torch.exp(-x)),
        "tanh": (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x)),
        "relu": x.clamp(min=0),
        "leaky_relu": torch.where(x > 0, x, 0.01 * x),
        "elu": torch.where(x > 0, x, torch.exp(x) - 1),
        "silu": x / (1 + torch.exp(-x)),
        "swish": x / (1 + torch.exp(-x)),
        "gelu": x * (1 + torch.erf(x / 2**0.5)) / 2,
    }
    torch.testing.assert_close(activation(name)(x), closed[name])
