"""Networks from and to images: any size, either architecture, and weights within their bound."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trainables import TrainableError
from trainables.neural.architecture import ARCHITECTURES, IMAGE_NORMS
from trainables.neural.image_networks import from_images, to_images

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 17, 23), (4, 1, 9), (1, 1, 1)]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("depth", [1, 3])
def test_shapes(architecture: str, shape: tuple[int, ...], depth: int) -> None:
    made = {"width": 4, "depth": depth, "norm": "none", "activation": "relu"}
    images = torch.rand(2, *shape)
    assert from_images(architecture, shape, 5, **made)(images).shape == (2, 5)
    assert to_images(architecture, 5, shape, **made)(torch.rand(2, 5)).shape == images.shape


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("norm", IMAGE_NORMS)
def test_every_norm_trains(architecture: str, norm: str) -> None:
    made = {"width": 8, "depth": 2, "norm": norm, "activation": "gelu"}
    network = nn.Sequential(
        to_images(architecture, 3, (2, 9, 7), **made), from_images(architecture, (2, 9, 7), 1, **made)
    )
    network(torch.randn(6, 3)).square().mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_each_layer_halves_the_image_and_doubles_the_channels() -> None:
    network = from_images("conv", (1, 28, 28), 1, width=6, depth=3, norm="none", activation="relu")
    channels = [layer.out_channels for layer in network if isinstance(layer, nn.Conv2d)]
    assert channels == [6, 12, 24]
    assert network[-1].in_features == 24 * 4 * 4


def test_a_spectral_norm_bounds_how_steep_a_layer_is() -> None:
    torch.manual_seed(0)
    network = from_images("mlp", (1, 8, 8), 1, width=16, depth=2, norm="spectral", activation="relu").train()
    for _ in range(50):  # one power iteration a forward pass
        network(torch.rand(2, 1, 8, 8))
    for layer in network:
        if isinstance(layer, nn.Linear):
            assert torch.linalg.matrix_norm(layer.weight, 2).item() == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize(
    ("architecture", "norm", "width", "rule"),
    [
        ("cov", "none", 4, "no model.architecture 'cov'; did you mean conv"),
        ("mlp", "bath", 4, "no model.norm 'bath'; did you mean batch"),
        ("mlp", "none", 0, "at least 1, not 0 and 2"),
    ],
)
def test_wrong_options(architecture: str, norm: str, width: int, rule: str) -> None:
    for make in (
        lambda **made: from_images(architecture, (1, 4, 4), 1, **made),
        lambda **made: to_images(architecture, 1, (1, 4, 4), **made),
    ):
        with pytest.raises(TrainableError, match=rule):
            make(width=width, depth=2, norm=norm, activation="relu")
