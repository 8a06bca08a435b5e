"""Networks of this project as they were saved: by a trial in a checkpoint, or in one safetensors file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from trainables.checkpoint import newest_valid
from trainables.errors import TrainableError
from trainables.neural.checkpoint import loading
from trainables.neural.supervised import NETWORK, Inputs, Supervised
from trainables.plug import resolve

__all__ = ["SavedNetwork", "read_safetensors", "read_trial", "write_safetensors"]

KEY = "tuneyard.network"  # of a safetensors file's metadata


@dataclass(frozen=True)
class SavedNetwork:
    """Weights, and what is needed to build the network that they fit.

    Attributes:
        trainable: its name in the catalogue, or the user's reference to it.
        options: of its architecture.
        inputs: what it was built for.
        vocabulary: the words whose numbers it reads; () where it reads none.
        weights: by their names in the network.
    """

    trainable: str
    options: Mapping[str, Any]
    inputs: Inputs
    vocabulary: tuple[str, ...]
    weights: Mapping[str, Tensor]

    @property
    def blueprint(self) -> dict[str, Any]:
        """See `trainables.neural.blueprint`."""
        return {"trainable": self.trainable, "options": dict(self.options), "inputs": asdict(self.inputs)}

    def build(self) -> nn.Module:
        """The network with these weights.

        Raises:
            TrainableError: the trainable is gone, or builds another network by now.
        """
        model = resolve(self.trainable).target
        if not (isinstance(model, type) and issubclass(model, Supervised)):
            raise TrainableError(f"model.weights: {self.trainable} is no network of this project")
        module = model().build(self.inputs, {**model.architecture, **self.options})
        try:
            module.load_state_dict(dict(self.weights))
        except RuntimeError as error:
            raise TrainableError(
                f"model.weights: {self.trainable} builds another network by now: {error}"
            ) from error
        return module


def read_trial(directory: Path) -> SavedNetwork:
    """The network of a trial: of a checkpoint's directory, or of the newest checkpoint in it or below it.

    Where the weights were averaged while training, it is the average.

    Args:
        directory: a checkpoint (``step-...``), a folder of them, a trial's directory, or a run's that has only one
            trial with checkpoints.

    Raises:
        TrainableError: there is no checkpoint of a network, or there are several trials to choose from.
        CheckpointError: the checkpoint is damaged.
    """
    checkpoint = _checkpoint(directory)
    described = checkpoint / NETWORK
    if not described.is_file():
        raise TrainableError(
            f"model.weights: {checkpoint} is no checkpoint of a neural network (no {NETWORK})"
        )
    with loading(checkpoint) as state:
        weights = state["weights"].get("ema") or state["weights"]["module"]
    return _described(described.read_text(encoding="utf-8"), weights, described)


def read_safetensors(file: Path) -> SavedNetwork | dict[str, Tensor]:
    """The network in a file of `write_safetensors`; of any other safetensors file the tensors by their names.

    Raises:
        TrainableError: the file cannot be read, or the package safetensors is missing.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise TrainableError(
            f"model.weights: reading {file.name} takes safetensors: pip install 'tuneyard[transfer]'"
        ) from error
    try:
        with safe_open(file, "pt") as held:
            metadata = held.metadata() or {}
            weights = {name: held.get_tensor(name) for name in held.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise TrainableError(f"model.weights: {file} cannot be read: {error}") from error
    return _described(metadata[KEY], weights, file) if KEY in metadata else weights


def write_safetensors(network: SavedNetwork, file: Path) -> None:
    """Write weights and description into one file, which executes nothing when it is read."""
    from safetensors.torch import save_file

    described = {**network.blueprint, "vocabulary": list(network.vocabulary)}
    weights = {name: tensor.contiguous() for name, tensor in network.weights.items()}
    save_file(weights, file, {KEY: json.dumps(described)})


def _described(text: str, weights: Mapping[str, Tensor], place: Path) -> SavedNetwork:
    try:
        said = json.loads(text)
        inputs = Inputs(**{**said["inputs"], "shape": tuple(said["inputs"]["shape"])})
        return SavedNetwork(
            str(said["trainable"]), said["options"], inputs, tuple(said["vocabulary"]), dict(weights)
        )
    except (ValueError, KeyError, TypeError) as error:
        raise TrainableError(f"model.weights: {place} describes no network: {error!r}") from error


def _checkpoint(directory: Path) -> Path:
    if (directory / NETWORK).is_file():
        return directory
    folders = [directory, directory / "checkpoints", *sorted(directory.glob("trials/*/checkpoints"))]
    found = {folder: newest[0] for folder in folders if (newest := newest_valid(folder))}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise TrainableError(
            f"model.weights: {directory} holds {len(found)} trials; name one, such as {next(iter(found)).parent}"
        )
    raise TrainableError(
        f"model.weights: {directory} holds no checkpoint. A run deletes those of its trials that it no longer needs"
    )
