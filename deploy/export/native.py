"""The format that a model is loaded from: each kind's own, and none that executes anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.errors import DeployError
from deploy.trusted import write_object
from trainables.catalogue import CATALOGUE

if TYPE_CHECKING:
    from deploy.trained import Trained

__all__ = ["kind_of", "unreadable", "write_native"]


def kind_of(trained: Trained) -> str:
    """ "network", "xgboost", "lightgbm" or "sklearn".

    Raises:
        DeployError: it is none of these: a class of the user's that has predict(x) and nothing else.
    """
    if trained.module is not None:
        return "network"
    estimator = trained.estimator
    if estimator is None:
        raise DeployError(
            f"{trained.ref} has predict(x), but neither module nor estimator: there is nothing that could be written. "
            "Write it as a torch.nn.Module or as a subclass of trainables.classical.Pipelined"
        )
    first = estimator[0] if isinstance(estimator, list) else estimator
    package = type(first).__module__.partition(".")[0]
    return package if package in ("xgboost", "lightgbm") else "sklearn"


def unreadable(trained: Trained) -> str | None:
    """Why a network could not be read from its weights alone, a sentence; None where it can, or is no network."""
    if trained.module is None:
        return None
    for name in _named(trained.trainable.blueprint()):
        if name not in CATALOGUE:
            return f"{name} is no network of the catalogue, and reading its weights would import your code"
        if name == "finetune":
            return "its backbone was finetuned in another run, without which it cannot be built"
    return None


def write_native(trained: Trained, folder: Path) -> dict[str, Any]:
    """Write the model in its own format; what `deploy.runtimes` has to know to read it.

    Raises:
        DeployError: it cannot be stored without the user's own code, or skops is not installed.
    """
    kind = kind_of(trained)
    said = {"kind": kind, "n_classes": trained.data.n_classes, "scale": {"shift": 0.0, "unit": 1.0}}
    if kind == "network":
        return {**said, **_network(trained, folder)}
    if kind == "xgboost":
        trained.estimator.save_model(folder / "model.ubj")
        return {**said, "file": "model.ubj"}
    if kind == "lightgbm":
        boosters = trained.estimator if isinstance(trained.estimator, list) else [trained.estimator]
        names = (
            [f"model-{index}.txt" for index in range(len(boosters))] if len(boosters) > 1 else ["model.txt"]
        )
        for booster, name in zip(boosters, names, strict=True):
            (folder / name).write_text(booster.model_to_string(num_iteration=-1), encoding="utf-8")
        return {**said, "files": names}
    write_object(trained.estimator, folder / "model.skops", f"the estimator of {trained.ref}")
    scale = getattr(trained.trainable, "scale", None)
    if scale is not None and not trained.data.n_classes:
        said["scale"] = {"shift": scale.shift.tolist(), "unit": scale.unit.tolist()}
    return {**said, "file": "model.skops"}


def _network(trained: Trained, folder: Path) -> dict[str, Any]:
    try:
        from safetensors.torch import save_file
    except ImportError as error:
        raise DeployError("weights are written by safetensors: pip install 'tuneyard[deploy]'") from error
    assert trained.module is not None
    weights = {
        name: tensor.detach().cpu().contiguous() for name, tensor in trained.module.state_dict().items()
    }
    save_file(weights, folder / "weights.safetensors")
    targets = trained.trainable.targets
    return {
        "file": "weights.safetensors",
        "network": trained.trainable.blueprint(),
        "scale": {"shift": targets.middle.tolist(), "unit": targets.deviation.tolist()},
    }


def _named(blueprint: Mapping[str, Any]) -> Iterator[str]:
    if "trainable" in blueprint:
        yield str(blueprint["trainable"])
    if "backbone" in blueprint:
        yield from _named(blueprint["backbone"])
