"""What computes the predictions of a model folder: prepared inputs in, probabilities or values out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from deploy.errors import DeployError, ModelError
from deploy.folder import read_json
from deploy.trusted import read_object
from spaces.errors import TuneyardError
from trainables.data.dataset import Array

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Runtime", "read_runtime"]

ROWS = 1024
"""Rows that a network computes at once."""


class Runtime(ABC):
    """One kind of model. `said`: of `model.json`, what `deploy.export.native` wrote about it."""

    def __init__(self, folder: Path, said: Mapping[str, Any]) -> None:
        self.n_classes = int(said["n_classes"])
        scale = said["scale"]
        self._shift = np.asarray(scale["shift"], dtype=np.float64)
        self._unit = np.asarray(scale["unit"], dtype=np.float64)
        self._read(folder, said)

    @abstractmethod
    def _read(self, folder: Path, said: Mapping[str, Any]) -> None:
        """Load the model's own files."""

    @abstractmethod
    def outputs(self, x: Array) -> Array:
        """Probabilities (rows, classes), or values (rows,) or (rows, horizon) in the target's own unit."""


@final
class Network(Runtime):
    """A network of the catalogue, built from its description, with weights from a safetensors file.

    Attributes:
        module: in evaluation: inputs to logits, or to standardised values.
    """

    module: nn.Module

    def _read(self, folder: Path, said: Mapping[str, Any]) -> None:
        from safetensors.torch import load_file

        from trainables.neural.blueprint import built

        self.module = built(said["network"])
        try:
            self.module.load_state_dict(load_file(_file(folder, said["file"])))
        except RuntimeError as error:
            raise ModelError(f"{folder / said['file']} holds weights of another network: {error}") from error
        self.module.eval().requires_grad_(False)

    def outputs(self, x: Array) -> Array:
        import torch

        from trainables.neural.examples import tensor

        with torch.no_grad():
            found = torch.cat([self.module(batch) for batch in torch.split(tensor(x), ROWS)]).double()
            if self.n_classes:
                return np.asarray(found.softmax(dim=-1).numpy())
        values = found.numpy() * self._unit + self._shift
        return values[:, 0] if values.shape[1] == 1 else values


@final
class Estimator(Runtime):
    """A fitted estimator of scikit-learn."""

    estimator: Any

    def _read(self, folder: Path, said: Mapping[str, Any]) -> None:
        self.estimator = read_object(_file(folder, said["file"]))

    def outputs(self, x: Array) -> Array:
        from trainables.classical.measure import outputs

        found = outputs(self.estimator, x, self.n_classes)
        return found if self.n_classes else found * self._unit + self._shift


@final
class XGBoost(Runtime):
    """A booster of XGBoost."""

    estimator: Any

    def _read(self, folder: Path, said: Mapping[str, Any]) -> None:
        import xgboost

        self.estimator = xgboost.Booster(model_file=_file(folder, said["file"]))

    def outputs(self, x: Array) -> Array:
        import xgboost

        from trainables.classical.rounds import probabilities

        margins = self.estimator.predict(xgboost.DMatrix(x), output_margin=True)
        return probabilities(np.asarray(margins, dtype=np.float64), self.n_classes)


@final
class LightGBM(Runtime):
    """A booster of LightGBM for each value that is predicted."""

    estimator: Any

    def _read(self, folder: Path, said: Mapping[str, Any]) -> None:
        import lightgbm

        boosters = [lightgbm.Booster(model_file=_file(folder, name)) for name in said["files"]]
        self.estimator = boosters if len(boosters) > 1 else boosters[0]

    def outputs(self, x: Array) -> Array:
        from trainables.classical.rounds import probabilities

        boosters = self.estimator if isinstance(self.estimator, list) else [self.estimator]
        margins = [booster.predict(x, raw_score=True) for booster in boosters]
        return probabilities(np.column_stack(margins) if len(margins) > 1 else margins[0], self.n_classes)


@final
class Onnx(Runtime):
    """A graph of ONNX, where the model's own format would need the user's code."""

    def _read(self, folder: Path, said: Mapping[str, Any]) -> None:
        from deploy.onnx_runtime import session_of

        self._session = session_of(_file(folder, said["file"]))

    def outputs(self, x: Array) -> Array:
        from deploy.onnx_runtime import run

        return run(self._session, x)


RUNTIMES: dict[str, type[Runtime]] = {
    "network": Network,
    "sklearn": Estimator,
    "xgboost": XGBoost,
    "lightgbm": LightGBM,
    "onnx": Onnx,
}


def read_runtime(folder: Path) -> Runtime:
    """The runtime of a verified model folder.

    Raises:
        ModelError: a file cannot be read, or is of another version.
        DeployError: a package that it needs is not installed.
    """
    said = read_json(folder / "model.json")
    try:
        return RUNTIMES[said["runtime"]["kind"]](folder, said["runtime"])
    except ImportError as error:
        raise DeployError(
            f"this model needs the package {error.name}, which is not installed; its versions are in "
            f"{folder / 'requirements.txt'}"
        ) from error
    except TuneyardError:
        raise
    except Exception as error:  # each library has errors of its own for a file that is none of its
        raise ModelError(
            f"{folder / 'model.json'} or the file it names describes no model: {' '.join(repr(error).split())[:300]}. Compare "
            "the installed versions with requirements.txt beside it, or export it again"
        ) from error


def _file(folder: Path, name: Any) -> Path:
    """A file of the folder, which alone was verified."""
    if not isinstance(name, str) or Path(name).name != name or not (folder / name).is_file():
        raise ValueError(f"{name!r} is no file of this folder")
    return folder / name
