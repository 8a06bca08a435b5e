"""A plain convolutional network: stages of convolutions, between which the map shrinks and the channels grow."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from trainables.errors import TrainableError, nearest
from trainables.neural.architecture import SHRINKS
from trainables.neural.options import TRAINING_SPACE
from trainables.neural.supervised import BY_EPOCHS, Inputs, Supervised

if TYPE_CHECKING:
    from torch import nn

__all__ = ["CNN"]


SPACE: dict[str, Any] = {
    "model": {
        "stages": {"min": 1, "max": 3},
        "depth": {"min": 1, "max": 3},
        "width": {"min": 8, "max": 48, "step": 8},
        "kernel": {"values": [3, 5]},
        "shrink": {"values": ["max", "stride"]},
        "norm": {"values": ["batch", "group", "none"]},
        "pool": {"values": ["average", "flatten"]},
    },
    "activation": {"values": ["relu", "gelu", "silu"]},
    "dropout": {"min": 0.0, "max": 0.5},
}


class CNN(Supervised):
    """A convolutional network for images of any size and number of channels; a step is an epoch.

    Options, in brackets their defaults: ``model.stages`` (2) with ``model.depth`` (2) convolutions each;
    ``model.width`` (16) channels in the first stage, ``model.growth`` (2.0) times as many in each further
    one; ``model.kernel`` (3) pixels, odd; ``model.stride`` (2), by which the map shrinks from stage to stage
    (1 = never; never below 2 x 2 pixels), by ``model.shrink`` (max; average: pooling, stride: the stage's first
    convolution leaves pixels out); ``model.norm`` (batch; layer, group, none); ``activation`` (relu);
    ``model.pool`` (average; max, flatten) of the last map, flatten giving each of its pixels weights of its own;
    ``dropout`` (0.1) and ``dropconnect`` (0) of the last layer. Training options: `trainables.neural.options`.
    """

    name = "cnn"
    views = ("images",)
    architecture: ClassVar[Mapping[str, Any]] = {
        "model.stages": 2,
        "model.depth": 2,
        "model.width": 16,
        "model.growth": 2.0,
        "model.kernel": 3,
        "model.stride": 2,
        "model.shrink": "max",
        "model.norm": "batch",
        "model.pool": "average",
        "activation": "relu",
        "dropout": 0.1,
        "dropconnect": 0.0,
    }
    declared = replace(BY_EPOCHS, parameters={**SPACE, **TRAINING_SPACE})

    def build(self, inputs: Inputs, options: Mapping[str, Any]) -> nn.Module:
        """The network.

        Raises:
            TrainableError: an option out of its range.
        """
        from torch import nn

        from trainables.neural.convolution import check_sizes, convolve, head, shrinking

        o = options
        check_sizes("cnn", o, "model.stages", "model.depth", "model.width", "model.stride")
        if o["model.shrink"] not in SHRINKS:
            raise TrainableError(
                f"there is no model.shrink {o['model.shrink']!r}; {nearest(o['model.shrink'], SHRINKS)}"
            )
        if o["model.growth"] < 1:
            raise TrainableError(f"cnn: model.growth is at least 1, not {o['model.growth']}")
        channels, height, width = inputs.shape
        network: OrderedDict[str, nn.Module] = OrderedDict()
        for stage, stride in enumerate(shrinking(height, width, o["model.stages"], o["model.stride"])):
            layers: list[nn.Module] = []
            if stride > 1 and o["model.shrink"] != "stride":
                pooling = nn.MaxPool2d if o["model.shrink"] == "max" else nn.AvgPool2d
                layers.append(pooling(stride, ceil_mode=True))
            wide = round(o["model.width"] * o["model.growth"] ** stage)
            for layer in range(o["model.depth"]):
                by = stride if layer == 0 and o["model.shrink"] == "stride" else 1
                layers.append(
                    convolve(
                        channels, wide, o["model.kernel"], stride=by,
                        normalise=o["model.norm"], activate=o["activation"],
                    )
                )  # fmt: skip
                channels = wide
            height, width = -(-height // stride), -(-width // stride)
            network[f"stage{stage + 1}"] = nn.Sequential(*layers)
        network["head"] = head(
            channels, inputs.outputs, pool=o["model.pool"], pixels=height * width,
            dropout=o["dropout"], dropconnect=o["dropconnect"],
        )  # fmt: skip
        return nn.Sequential(network)
