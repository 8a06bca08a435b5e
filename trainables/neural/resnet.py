"""Residual networks (He et al. 2016a, 2016b): each block adds to what comes in, so that depth does not hurt."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from trainables.errors import TrainableError, nearest
from trainables.neural.architecture import BLOCKS, SHORTCUTS
from trainables.neural.options import TRAINING_SPACE
from trainables.neural.supervised import BY_EPOCHS, Inputs, Supervised

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ResNet"]

WIDENING = 4  # a bottleneck gives four times the channels that it has inside (He et al. 2016a, figure 5)

SPACE: dict[str, Any] = {
    "model": {
        "stages": {"min": 1, "max": 3},
        "depth": {"min": 1, "max": 3},
        "width": {"min": 8, "max": 32, "step": 8},
        "block": {"values": ["postactivation", "preactivation", "bottleneck"]},
        "norm": {"values": ["batch", "group"]},
    },
    "activation": {"values": ["relu", "gelu", "silu"]},
    "drop_path": {"min": 0.0, "max": 0.3},
    "dropout": {"min": 0.0, "max": 0.5},
}


class ResNet(Supervised):
    """A residual network for images of any size and number of channels; a step is an epoch.

    With ``model.stages`` 3, ``model.width`` 16, ``model.depth`` n and ``model.shortcut`` padding it is the
    network of 6n + 2 layers that He et al. trained on CIFAR-10.

    Options, in brackets their defaults: ``model.stages`` (3) with ``model.depth`` (1) blocks each;
    ``model.width`` (16) channels in the first stage, twice as many in each further one; ``model.block``
    (postactivation: conv, norm, activation, conv, norm, sum, activation; preactivation: norm and activation
    before each convolution, nothing after the sum; bottleneck: 1 x 1, 3 x 3, 1 x 1, the last of which gives four
    times the channels); ``model.shortcut`` where the shape changes (projection: a 1 x 1 convolution; padding: no weights);
    ``model.kernel`` (3) pixels, odd; ``model.stride`` (2), by which the map shrinks from stage to stage (never
    below 2 x 2 pixels); ``model.norm`` (batch; layer, group, none); ``activation`` (relu); ``drop_path`` (0),
    probability of skipping the last block, less for earlier ones; ``dropout`` (0.1) and ``dropconnect`` (0) of
    the last layer. Training options: `trainables.neural.options`.
    """

    name = "resnet"
    views = ("images",)
    architecture: ClassVar[Mapping[str, Any]] = {
        "model.stages": 3,
        "model.depth": 1,
        "model.width": 16,
        "model.block": "postactivation",
        "model.shortcut": "projection",
        "model.kernel": 3,
        "model.stride": 2,
        "model.norm": "batch",
        "activation": "relu",
        "drop_path": 0.0,
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

        from trainables.neural.activations import activation
        from trainables.neural.convolution import check_sizes, convolve, head, shrinking
        from trainables.neural.layers import norm

        o = options
        check_sizes("resnet", o, "model.stages", "model.depth", "model.width", "model.stride")
        for name, known in (("model.block", BLOCKS), ("model.shortcut", SHORTCUTS)):
            if o[name] not in known:
                raise TrainableError(f"there is no {name} {o[name]!r}; {nearest(o[name], known)}")
        if not 0 <= o["drop_path"] < 1:
            raise TrainableError(f"drop_path is at least 0 and below 1, not {o['drop_path']}")
        channels, height, width = inputs.shape
        style = {"normalise": o["model.norm"], "activate": o["activation"]}
        network: OrderedDict[str, nn.Module] = OrderedDict()
        network["stem"] = convolve(channels, o["model.width"], o["model.kernel"], **style)
        channels, total, done = o["model.width"], o["model.stages"] * o["model.depth"], 0
        for stage, stride in enumerate(shrinking(height, width, o["model.stages"], o["model.stride"])):
            blocks = []
            for block in range(o["model.depth"]):
                done += 1
                wide = o["model.width"] * 2**stage * (WIDENING if o["model.block"] == "bottleneck" else 1)
                drop = o["drop_path"] * done / total  # Huang et al. 2016, equation 4
                blocks.append(residual_block(channels, wide, stride if block == 0 else 1, drop, o))
                channels = wide
            network[f"stage{stage + 1}"] = nn.Sequential(*blocks)
        if o["model.block"] == "preactivation":  # the last sum has seen neither yet
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


def residual_block(
    inputs: int, outputs: int, stride: int, drop: float, options: Mapping[str, Any]
) -> nn.Module:
    """One block: what is learnt, what carries x past it, and what follows the sum.

    Departs from He et al. 2016b in that a projection sees x itself, not x after norm and activation.
    """
    from torch import nn

    from trainables.neural.activations import activation
    from trainables.neural.convolution import CutAndPad, Residual
    from trainables.neural.layers import norm

    normalise, kernel = options["model.norm"], options["model.kernel"]
    bias = normalise == "none"

    def conv(before: int, after: int, size: int, by: int = 1) -> nn.Module:
        return nn.Conv2d(before, after, size, by, size // 2, bias=bias)

    def act() -> nn.Module:
        return activation(options["activation"])

    branch: list[nn.Module]
    if options["model.block"] == "bottleneck":
        inner = outputs // WIDENING
        branch = [conv(inputs, inner, 1), norm(normalise, inner), act()]
        branch += [conv(inner, inner, kernel, stride), norm(normalise, inner), act()]
        branch += [conv(inner, outputs, 1), norm(normalise, outputs)]
    elif options["model.block"] == "preactivation":
        branch = [norm(normalise, inputs), act(), conv(inputs, outputs, kernel, stride)]
        branch += [norm(normalise, outputs), act(), conv(outputs, outputs, kernel)]
    else:
        branch = [conv(inputs, outputs, kernel, stride), norm(normalise, outputs), act()]
        branch += [conv(outputs, outputs, kernel), norm(normalise, outputs)]
    after = nn.Identity() if options["model.block"] == "preactivation" else act()
    shortcut: nn.Module = nn.Identity()
    if inputs != outputs or stride > 1:
        if options["model.shortcut"] == "padding":
            shortcut = CutAndPad(outputs - inputs, stride)
        elif options["model.block"] == "preactivation":
            shortcut = conv(inputs, outputs, 1, stride)
        else:
            shortcut = nn.Sequential(conv(inputs, outputs, 1, stride), norm(normalise, outputs))
    return Residual(nn.Sequential(*branch), shortcut, after, drop)
