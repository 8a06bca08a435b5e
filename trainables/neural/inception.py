"""A network of Inception modules (Szegedy et al. 2015): each looks through windows of several sizes at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from trainables.errors import TrainableError
from trainables.neural.options import TRAINING_SPACE
from trainables.neural.supervised import BY_EPOCHS, Inputs, Supervised

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Inception"]

SPACE: dict[str, Any] = {
    "model": {
        "stages": {"min": 1, "max": 3},
        "depth": {"min": 1, "max": 2},
        "width": {"min": 16, "max": 64, "step": 16},
        "reduce": {"min": 0.25, "max": 1.0},
        "factorise": {"values": [False, True]},
        "norm": {"values": ["batch", "group"]},
    },
    "activation": {"values": ["relu", "gelu", "silu"]},
    "dropout": {"min": 0.0, "max": 0.5},
}


class Inception(Supervised):
    """Inception modules for images of any size and number of channels; a step is an epoch.

    A module has four branches: 1 x 1; 1 x 1 then 3 x 3; 1 x 1 then 5 x 5; 3 x 3 maximum then 1 x 1. They give a
    quarter, a half, an eighth and an eighth of its channels, as in the module 3a of GoogLeNet. Norms follow
    Ioffe and Szegedy 2015; there are no auxiliary heads, which such small networks do not need.

    Options, in brackets their defaults: ``model.stages`` (2) with ``model.depth`` (1) modules each;
    ``model.width`` (48) channels of a module in the first stage, at least 8, twice as many in each further one;
    ``model.reduce`` (0.5), channels of the 1 x 1 before a wide window over those after it, in (0, 1];
    ``model.factorise`` (false): 5 x 5 as two 3 x 3 (Szegedy et al. 2016); ``model.stride`` (2), by which the map
    shrinks from stage to stage, by a maximum (never below 2 x 2 pixels); ``model.norm`` (batch; layer, group,
    none); ``activation`` (relu); ``dropout`` (0.2) and ``dropconnect`` (0) of the last layer.
    Training options: `trainables.neural.options`.
    """

    name = "inception"
    views = ("images",)
    architecture: ClassVar[Mapping[str, Any]] = {
        "model.stages": 2,
        "model.depth": 1,
        "model.width": 48,
        "model.reduce": 0.5,
        "model.factorise": False,
        "model.stride": 2,
        "model.norm": "batch",
        "activation": "relu",
        "dropout": 0.2,
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
        check_sizes("inception", o, "model.stages", "model.depth", "model.width", "model.stride")
        if o["model.width"] < 8:
            raise TrainableError(
                f"inception: model.width is at least 8 (four branches), not {o['model.width']}"
            )
        if not 0 < o["model.reduce"] <= 1:
            raise TrainableError(f"inception: model.reduce is above 0 and at most 1, not {o['model.reduce']}")
        channels, height, width = inputs.shape
        style = {"normalise": o["model.norm"], "activate": o["activation"]}
        network: OrderedDict[str, nn.Module] = OrderedDict()
        network["stem"] = convolve(channels, o["model.width"], 3, **style)
        channels = o["model.width"]
        for stage, stride in enumerate(shrinking(height, width, o["model.stages"], o["model.stride"])):
            layers: list[nn.Module] = [nn.MaxPool2d(stride, ceil_mode=True)] if stride > 1 else []
            for _ in range(o["model.depth"]):
                wide = o["model.width"] * 2**stage
                layers.append(inception_module(channels, wide, o))
                channels = wide
            network[f"stage{stage + 1}"] = nn.Sequential(*layers)
        network["head"] = head(
            channels,
            inputs.outputs,
            pool="average",
            pixels=1,
            dropout=o["dropout"],
            dropconnect=o["dropconnect"],
        )
        return nn.Sequential(network)


def inception_module(inputs: int, outputs: int, options: Mapping[str, Any]) -> nn.Module:
    """The four branches, side by side: `inputs` channels come in, `outputs` come out."""
    from torch import nn

    from trainables.neural.convolution import Concatenate, convolve

    style = {"normalise": options["model.norm"], "activate": options["activation"]}
    one, three, five, pooled = shares(outputs)
    before_three, before_five = (max(1, round(wide * options["model.reduce"])) for wide in (three, five))
    wide = [convolve(before_five, five, 5, **style)]
    if options["model.factorise"]:
        wide = [convolve(before_five, five, 3, **style), convolve(five, five, 3, **style)]
    return Concatenate(
        [
            convolve(inputs, one, 1, **style),
            nn.Sequential(
                convolve(inputs, before_three, 1, **style), convolve(before_three, three, 3, **style)
            ),
            nn.Sequential(convolve(inputs, before_five, 1, **style), *wide),
            nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), convolve(inputs, pooled, 1, **style)),
        ]
    )


def shares(channels: int) -> tuple[int, int, int, int]:
    """How many of a module's channels come from 1 x 1, 3 x 3, 5 x 5 and the maximum: those of GoogLeNet's 3a."""
    small = channels // 8
    middle = channels // 2
    return channels - middle - 2 * small, middle, small, small
