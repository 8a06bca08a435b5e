"""Where weights come from: the option `model.weights` resolved to a network, and to what that network reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trainables.data.dataset import View
from trainables.data.section import Modality
from trainables.errors import CheckpointError, TrainableError, nearest
from trainables.neural.pretrained.bert import SentenceEncoder
from trainables.neural.pretrained.efficientnet_lite import EfficientNetLite0
from trainables.neural.pretrained.published import PUBLISHED
from trainables.neural.pretrained.saved import SavedNetwork, read_safetensors, read_trial

__all__ = ["Origin", "origin_of"]


@dataclass(frozen=True)
class Origin:
    """A trained network, not yet built.

    Attributes:
        name: for messages.
        view: of the data that it reads.
        version: other where the weights are others.
        build: the network with its weights.
        shape: of an image, or of another row, that it was trained on.
        scale: mean and deviation of pixels in [0, 1] that it was trained with; None = of scaled data.
        vocabulary: words by their numbers; () where it reads none, or word pieces.
        pieces: the file of its word pieces; None where it reads none.
        outputs: that its own head gives.
        blueprint: of the network, see `trainables.neural.blueprint`.
    """

    name: str
    view: View
    version: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    outputs: int
    scale: tuple[float, float] | None = None
    vocabulary: tuple[str, ...] = ()
    pieces: Path | None = None
    blueprint: Mapping[str, Any] = field(default_factory=dict)


def origin_of(weights: str, modality: Modality) -> Origin:
    """What `model.weights` means.

    Args:
        weights: a name of `PUBLISHED`; a run's, a trial's or a checkpoint's directory; a safetensors or .pth file, ours or of a published
            network; "" = the first published network for this modality.
        modality: of the data.

    Raises:
        TrainableError: there is nothing of that name, it is damaged, or it fits no network that is known here.
        DataError: the package with the weights is not there.
    """
    if not weights:
        fitting = [name for name, published in PUBLISHED.items() if published.modality == modality]
        if not fitting:
            raise TrainableError(
                f"finetune: model.weights is missing: no published weights come with {modality} data; name a run"
            )
        weights = fitting[0]
    if weights in PUBLISHED:
        return _published(weights, PUBLISHED[weights].path(), weights)
    place = Path(weights).expanduser()
    if place.is_dir():
        return _saved(read_trial(place), place)
    if place.is_file():
        held = read_safetensors(place) if place.suffix == ".safetensors" else _read_pth(place)
        if isinstance(held, SavedNetwork):
            return _saved(held, place)
        for name, network in NETWORKS.items():
            if _fits(network, held):
                return _published(name, place, str(place))
        raise TrainableError(
            f"finetune: model.weights: {place} holds {len(held)} tensors and does not say of which network; known "
            f"are files of this project and of {', '.join(PUBLISHED)}"
        )
    raise TrainableError(
        f"finetune: model.weights: there is no file, directory or published network {weights!r}; "
        f"{nearest(weights, PUBLISHED)}"
    )


def _saved(network: SavedNetwork, place: Path) -> Origin:
    return Origin(
        str(place),
        network.inputs.view,
        _digest(network.weights),
        network.build,
        network.inputs.shape,
        network.inputs.outputs,
        vocabulary=network.vocabulary,
        blueprint=network.blueprint,
    )


def _published(name: str, file: Path, shown: str) -> Origin:
    version = f"{name} {file.stat().st_size} {file.stat().st_mtime_ns}"
    if name == "efficientnet-lite0":
        network = EfficientNetLite0
        side = network.side
        scale = (network.mean, network.deviation)
        build = _builder(name, file)
        shape = (network.channels, side, side)
        return Origin(shown, "images", version, build, shape, 1000, scale, blueprint={"published": name})
    beside = file.with_name("vocab.txt")
    pieces = beside if beside.is_file() else PUBLISHED[name].path(beside="vocab.txt")
    blueprint = {"published": name}
    return Origin(shown, "texts", version, _builder(name, file), (), 0, pieces=pieces, blueprint=blueprint)


NETWORKS: dict[str, type[EfficientNetLite0] | type[SentenceEncoder]] = {
    "efficientnet-lite0": EfficientNetLite0,
    "all-minilm-l6-v2": SentenceEncoder,
}


def _builder(name: str, file: Path) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        held = read_safetensors(file) if file.suffix == ".safetensors" else _read_pth(file)
        assert not isinstance(held, SavedNetwork)
        module = NETWORKS[name]()
        found = module.load_state_dict(NETWORKS[name].named_as_here(held), strict=False)
        missing = [
            each for each in found.missing_keys if not each.startswith("fc.")
        ]  # an encoder has no head
        if missing or found.unexpected_keys:
            raise TrainableError(
                f"finetune: {file} does not fit {name}: missing {missing[:3]}, unknown {found.unexpected_keys[:3]}"
            )
        return module

    return build


def _fits(network: type[EfficientNetLite0] | type[SentenceEncoder], held: Mapping[str, Tensor]) -> bool:
    with torch.device("meta"):
        wanted = {n: w.shape for n, w in network().state_dict().items() if not n.startswith("fc.")}
    found = network.named_as_here(held)
    return all(name in found and found[name].shape == shape for name, shape in wanted.items())


def _read_pth(file: Path) -> dict[str, Tensor]:
    try:
        held = torch.load(file, map_location="cpu", weights_only=True)
        if not isinstance(held, Mapping) or not all(isinstance(w, Tensor) for w in held.values()):
            raise ValueError("it holds no tensors by their names")
    except Exception as error:
        raise CheckpointError(f"finetune: model.weights: {file} cannot be read: {error}") from error
    return dict(held)


def _digest(weights: Mapping[str, Tensor]) -> str:
    import hashlib

    digest = hashlib.sha256()
    for name, tensor in weights.items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
