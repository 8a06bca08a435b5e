"""EfficientNet-Lite0, an image classifier of 4.65 million weights made for phones (Tan and Le 2019).

The Lite family leaves out what small devices compute slowly: squeeze-and-excitation is gone, swish became
ReLU6, stem and top keep their width. The weights were trained on ImageNet's 1000 classes at 224 x 224 pixels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["EfficientNetLite0"]

# (kernel, blocks, stride of the first, widening inside a block, channels out), Tan and Le 2019, table 1
STAGES = (
    (3, 1, 1, 1, 16),
    (3, 2, 2, 6, 24),
    (5, 2, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (5, 3, 1, 6, 112),
    (5, 4, 2, 6, 192),
    (3, 1, 1, 6, 320),
)


class EfficientNetLite0(nn.Module):
    """Images to 1000 scores, or to as many as the layer `fc` is replaced for.

    Args:
        classes: scores, at least 1.
    """

    mean, deviation = 127 / 255, 128 / 255  # pixels of [0, 1] are brought to about [-1, 1]
    channels, side, features = 3, 224, 1280

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv_stem, self.bn0 = SamePadding(3, 32, 3, stride=2), _norm(32)
        blocks, inputs = [], 32
        for kernel, repeats, stride, widening, outputs in STAGES:
            for repeat in range(repeats):
                blocks.append(
                    InvertedResidual(inputs, outputs, kernel, stride if repeat == 0 else 1, widening)
                )
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        self.conv_head, self.bn1 = SamePadding(inputs, self.features, 1), _norm(self.features)
        self.fc = nn.Linear(self.features, classes)

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, 3, height, width), normalised; any size from 32 pixels on."""
        x = functional.relu6(self.bn0(self.conv_stem(x)))
        for block in self.blocks:
            x = block(x)
        x = functional.relu6(self.bn1(self.conv_head(x)))
        scores: Tensor = self.fc(x.mean(dim=(2, 3)))
        return scores

    def parts(self) -> list[tuple[nn.Module, ...]]:
        """Stem, blocks and top, from the input up."""
        return [
            (self.conv_stem, self.bn0),
            *((block,) for block in self.blocks),
            (self.conv_head, self.bn1),
        ]

    @staticmethod
    def named_as_here(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The published weights under this module's names: ``_blocks.0._bn1.bias`` becomes ``blocks.0.bn1.bias``."""
        return {re.sub(r"(^|\.)_", r"\1", name): tensor for name, tensor in weights.items()}


class InvertedResidual(nn.Module):
    """Widen, convolve every channel by itself, narrow; x is added where the shape stays (Sandler et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, widening: int) -> None:
        super().__init__()
        wide = inputs * widening
        if widening > 1:
            self.expand_conv, self.bn0 = SamePadding(inputs, wide, 1), _norm(wide)
        self.depthwise_conv, self.bn1 = (
            SamePadding(wide, wide, kernel, stride=stride, groups=wide),
            _norm(wide),
        )
        self.project_conv, self.bn2 = SamePadding(wide, outputs, 1), _norm(outputs)
        self.widens, self.adds = widening > 1, stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, channels, height, width)."""
        y = functional.relu6(self.bn0(self.expand_conv(x))) if self.widens else x
        y = functional.relu6(self.bn1(self.depthwise_conv(y)))
        y = self.bn2(self.project_conv(y))
        return torch.as_tensor(x + y if self.adds else y)


class SamePadding(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow pads: with stride 2 a pixel more on the right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: (rows, channels, height, width); the map becomes the size over the stride, rounded up."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        if kernel > 1:
            missing = [max(0, (-(-n // stride) - 1) * stride + kernel - n) for n in (x.shape[3], x.shape[2])]
            x = functional.pad(x, [pad for n in missing for pad in (n // 2, n - n // 2)])
        return super().forward(x)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)  # as in the original
