"""Networks from their descriptions alone: JSON in, a module with weights still to be filled in out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from trainables.catalogue import CATALOGUE
from trainables.errors import TrainableError
from trainables.neural.supervised import Inputs, Supervised
from trainables.plug import resolve

__all__ = ["built"]


def built(blueprint: Mapping[str, Any]) -> nn.Module:
    """The network that a blueprint describes; no file but its own code is read, and no generator is left moved.

    Args:
        blueprint: of a member of the catalogue {"trainable", "options", "inputs"}; of published weights {"published":
            name}; of a network with a new head {"backbone": a blueprint, "reader": the arguments of `ImageReader` or
            None, "outputs", "dropout"} (see `trainables.neural.pretrained.backbone.Backbone`).

    Raises:
        TrainableError: it describes no network that is known here.
    """
    try:
        with torch.random.fork_rng(devices=[]):
            return _built(blueprint)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise TrainableError(f"this describes no network: {error!r}") from error


def _built(blueprint: Mapping[str, Any]) -> nn.Module:
    if "published" in blueprint:
        from trainables.neural.pretrained.origin import NETWORKS

        return NETWORKS[blueprint["published"]]()
    if "backbone" in blueprint:
        from trainables.neural.pretrained.backbone import Backbone, ImageReader, parts_of

        network = _built(blueprint["backbone"])
        said = blueprint["reader"]
        reader: nn.Module = nn.Identity()
        if said is not None:
            side = None if said["side"] is None else (int(said["side"][0]), int(said["side"][1]))
            reader = ImageReader(said["channels"], side, said["mean"], said["deviation"])
        return Backbone(network, parts_of(network), reader, blueprint["outputs"], blueprint["dropout"])
    if (
        blueprint["trainable"] not in CATALOGUE
    ):  # a description may be anybody's, and names no code to be imported
        raise TrainableError(f"{blueprint['trainable']!r} is no network of the catalogue")
    model = resolve(blueprint["trainable"]).target
    if not (isinstance(model, type) and issubclass(model, Supervised)):
        raise TrainableError(f"{blueprint['trainable']} is no network of this project")
    said = blueprint["inputs"]
    inputs = Inputs(**{**said, "shape": tuple(said["shape"])})
    return model().build(inputs, {**model.architecture, **blueprint["options"]})
