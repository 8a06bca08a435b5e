"""Networks from images to numbers and from numbers to images, for generative models."""

from __future__ import annotations

from typing import Any, Literal

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from trainables.errors import TrainableError, nearest
from trainables.neural import layers as shared
from trainables.neural.activations import activation as activation_of
from trainables.neural.architecture import ARCHITECTURES, IMAGE_NORMS

__all__ = ["from_images", "to_images"]


def from_images(
    architecture: str,
    shape: tuple[int, ...],
    outputs: int,
    *,
    width: int,
    depth: int,
    norm: str,
    activation: str,
) -> nn.Sequential:
    """A network from images (rows, channels, height, width) to (rows, outputs).

    Args:
        architecture: "conv": each of `depth` layers halves height and width (rounded up) and doubles the channels,
            which begin with `width`; "mlp": `depth` layers of `width` units on all pixels.
        norm: after each hidden layer, as in `trainables.neural.layers`; or "spectral" of every layer's weights
            (Miyato et al. 2018), which bounds how steep the outputs can be.
        activation: after each hidden layer.

    Raises:
        TrainableError: an unknown name, or a size below 1.
    """
    _check(architecture, norm, width, depth)
    channels, height, breadth = shape
    bound = spectral_norm if norm == "spectral" else _unchanged
    layers: list[nn.Module] = []
    if architecture == "mlp":
        layers.append(nn.Flatten())
        below = channels * height * breadth
        for _ in range(depth):
            layers += [bound(nn.Linear(below, width)), _norm(norm, width, 0), activation_of(activation)]
            below = width
        return nn.Sequential(*layers, bound(nn.Linear(below, outputs)))
    sizes = _sizes(shape, depth)
    for _ in sizes[1:]:
        layers += [
            bound(nn.Conv2d(channels, width, 3, stride=2, padding=1)),
            _norm(norm, width, 2),
            activation_of(activation),
        ]
        channels, width = width, 2 * width
    height, breadth = sizes[-1]
    return nn.Sequential(*layers, nn.Flatten(), bound(nn.Linear(channels * height * breadth, outputs)))


def to_images(
    architecture: str,
    inputs: int,
    shape: tuple[int, ...],
    *,
    width: int,
    depth: int,
    norm: str,
    activation: str,
) -> nn.Sequential:
    """The mirror image of `from_images`: from (rows, inputs) to (rows, channels, height, width), unbounded.

    "conv" repeats pixels and convolves, where DCGAN (Radford et al. 2016) has transposed convolutions: these leave
    checkerboards (Odena et al. 2016).

    Raises:
        TrainableError: an unknown name, or a size below 1.
    """
    _check(architecture, norm, width, depth)
    channels, height, breadth = shape
    bound = spectral_norm if norm == "spectral" else _unchanged
    layers: list[nn.Module] = []
    if architecture == "mlp":
        for _ in range(depth):
            layers += [bound(nn.Linear(inputs, width)), _norm(norm, width, 0), activation_of(activation)]
            inputs = width
        pixels = nn.Linear(inputs, channels * height * breadth)
        return nn.Sequential(*layers, bound(pixels), nn.Unflatten(1, (channels, height, breadth)))
    sizes = _sizes(shape, depth)[::-1]
    widths = [width * 2**layer for layer in range(depth)][::-1]
    layers = [
        bound(nn.Linear(inputs, widths[0] * sizes[0][0] * sizes[0][1])),
        nn.Unflatten(1, (widths[0], *sizes[0])),
        _norm(norm, widths[0], 2),
        activation_of(activation),
    ]
    for size, below, above in zip(sizes[1:], widths, [*widths[1:], width], strict=True):
        layers += [
            nn.Upsample(size),
            bound(nn.Conv2d(below, above, 3, padding=1)),
            _norm(norm, above, 2),
            activation_of(activation),
        ]
    return nn.Sequential(*layers, bound(nn.Conv2d(width, channels, 3, padding=1)))


def _sizes(shape: tuple[int, ...], depth: int) -> list[tuple[int, int]]:
    """(height, width) of the images, and after each halving."""
    sizes = [(shape[1], shape[2])]
    for _ in range(depth):
        height, breadth = sizes[-1]
        sizes.append((-(-height // 2), -(-breadth // 2)))
    return sizes


def _norm(norm: str, width: int, dimensions: Literal[0, 2]) -> nn.Module:
    return shared.norm("none" if norm == "spectral" else norm, width, dimensions)


def _unchanged(layer: Any) -> Any:
    return layer


def _check(architecture: str, norm: str, width: int, depth: int) -> None:
    for name, value, known in (("architecture", architecture, ARCHITECTURES), ("norm", norm, IMAGE_NORMS)):
        if value not in known:
            raise TrainableError(f"there is no model.{name} {value!r}; {nearest(value, known)}")
    if width < 1 or depth < 1:
        raise TrainableError(f"model.width and model.depth are at least 1, not {width} and {depth}")
