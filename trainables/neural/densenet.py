"""Densely connected networks (Huang et al. 2017): every layer sees what all layers before it have made."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from trainables.errors import TrainableError
from trainables.neural.architecture import ARCHITECTURE_RULES
from trainables.neural.options import TRAINING_SPACE
from trainables.neural.supervised import BY_EPOCHS, Inputs, Supervised
from trainables.options import Rule

if TYPE_CHECKING:
    from torch import nn

__all__ = ["DenseNet"]

WIDENING = 4  # a bottleneck gives 4 k channels (Huang et al. 2017, section 3)

SPACE: dict[str, Any] = {
    "model": {
        "stages": {"min": 1, "max": 3},
        "depth": {"min": 2, "max": 6},
        "growth": {"min": 4, "max": 24, "step": 4},
        "compression": {"min": 0.3, "max": 1.0},
        "bottleneck": {"values": [False, True]},
        "norm": {"values": ["batch", "group"]},
    },
    "activation": {"values": ["relu", "gelu", "silu"]},
    "layer_dropout": {"min": 0.0, "max": 0.3},
}


class DenseNet(Supervised):
    """A densely connected network for images of any size and number of channels; a step is an epoch.

    With three stages it is the network that Huang et al. trained on CIFAR-10: depth 16, growth 12, bottleneck,
    compression 0.5 and width 24 make their DenseNet-BC of 100 layers.

    Options, in brackets their defaults: ``model.stages`` (2), the dense blocks, with ``model.depth`` (4) layers
    each; ``model.growth`` (12) channels that a layer adds; ``model.width`` (0 = twice the growth) channels of the
    first convolution; ``model.compression`` (0.5), in (0, 1], share of the channels that pass from block to block;
    ``model.bottleneck`` (false): a 1 x 1 convolution to 4 x growth channels before each; ``model.kernel`` (3)
    pixels, odd; ``model.stride`` (2), by which the map shrinks between blocks, by averaging (never below
    2 x 2 pixels); ``model.norm`` (batch; layer, group, none); ``activation`` (relu); ``layer_dropout`` (0) after
    each convolution of a block; ``dropout`` (0) and ``dropconnect`` (0) of the last layer.
    Training options: `trainables.neural.options`.
    """

    name = "densenet"
    views = ("images",)
    rules = {**ARCHITECTURE_RULES, "model.width": Rule(low=0)}
    architecture: ClassVar[Mapping[str, Any]] = {
        "model.stages": 2,
        "model.depth": 4,
        "model.growth": 12,
        "model.width": 0,
        "model.compression": 0.5,
        "model.bottleneck": False,
        "model.kernel": 3,
        "model.stride": 2,
        "model.norm": "batch",
        "activation": "relu",
        "layer_dropout": 0.0,
        "dropout": 0.0,
        "dropconnect": 0.0,
    }
    declared = replace(BY_EPOCHS, parameters={**SPACE, **TRAINING_SPACE})

    def build(self, inputs: Inputs, options: Mapping[str, Any]) -> nn.Module:
        """The network.

        Raises:
            TrainableError: an option out of its range.
        """
        from torch import nn

        from trainables.neural.activations import activation
        from trainables.neural.convolution import check_sizes, head, shrinking
        from trainables.neural.layers import norm

        o = options
        check_sizes("densenet", o, "model.stages", "model.depth", "model.growth", "model.stride")
        if not 0 < o["model.compression"] <= 1:
            raise TrainableError(
                f"densenet: model.compression is above 0 and at most 1, not {o['model.compression']}"
            )
        if not 0 <= o["layer_dropout"] < 1:
            raise TrainableError(
                f"densenet: layer_dropout is at least 0 and below 1, not {o['layer_dropout']}"
            )
        images, height, width = inputs.shape
        channels = o["model.width"] or 2 * o["model.growth"]
        bias = o["model.norm"] == "none"
        network: OrderedDict[str, nn.Module] = OrderedDict()
        network["stem"] = nn.Conv2d(images, channels, o["model.kernel"], padding="same", bias=bias)
        for stage, stride in enumerate(shrinking(height, width, o["model.stages"], o["model.stride"])):
            layers: list[nn.Module] = []
            if stage:
                narrow = max(1, int(channels * o["model.compression"]))
                layers += [norm(o["model.norm"], channels), activation(o["activation"])]
                layers += [nn.Conv2d(channels, narrow, 1, bias=bias), nn.AvgPool2d(stride, ceil_mode=True)]
                channels = narrow
            for _ in range(o["model.depth"]):
                layers.append(dense_layer(channels, o))
                channels += o["model.growth"]
            network[f"stage{stage + 1}"] = nn.Sequential(*layers)
        network["last"] = nn.Sequential(norm(o["model.norm"], channels), activation(o["activation"]))
        network["head"] = head(
            channels,
            inputs.outputs,
            pool="average",
            pixels=1,
            dropout=o["dropout"],
            dropconnect=o["dropconnect"],
        )
        return nn.Sequential(network)


def dense_layer(inputs: int, options: Mapping[str, Any]) -> nn.Module:
    """What comes in, and beside it the channels that norm, activation and convolution make of it."""
    from torch import nn

    from trainables.neural.activations import activation
    from trainables.neural.convolution import Concatenate
    from trainables.neural.layers import norm

    normalise, growth = options["model.norm"], options["model.growth"]
    bias = normalise == "none"
    layers: list[nn.Module] = []

    def convolution(before: int, after: int, kernel: int) -> None:
        layers.extend([norm(normalise, before), activation(options["activation"])])
        layers.append(nn.Conv2d(before, after, kernel, padding="same", bias=bias))
        if options["layer_dropout"]:
            layers.append(nn.Dropout(options["layer_dropout"]))

    if options["model.bottleneck"]:
        convolution(inputs, WIDENING * growth, 1)
        inputs = WIDENING * growth
    convolution(inputs, growth, options["model.kernel"])
    return Concatenate([nn.Identity(), nn.Sequential(*layers)])
