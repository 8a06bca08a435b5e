"""ONNX: the model as a graph that runs in many places, without Python."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.errors import DeployError
from deploy.export.served import served
from deploy.onnx_runtime import run, session_of
from trainables.classical.growth import Columns
from trainables.data.dataset import Array

if TYPE_CHECKING:
    from torch import nn

    from deploy.trained import Trained

__all__ = ["write_onnx"]

FILE = "model.onnx"


def write_onnx(trained: Trained, folder: Path) -> tuple[str, Array]:
    """Write `model.onnx`: prepared inputs "x" (rows, \\*shape) to "outputs", probabilities or values.

    Returns:
        the file's name, and its outputs for the validation rows, computed by onnxruntime.

    Raises:
        DeployError: the model cannot be written as ONNX, with the reason; or a package is not installed.
    """
    module = served(trained)
    try:
        if module is not None:
            _network(trained, module, folder / FILE)
        else:
            _estimator(trained, folder / FILE)
        session = session_of(folder / FILE)
    except ImportError as error:
        raise DeployError(f"onnx: needs {error.name}: pip install 'tuneyard[deploy]'") from error
    return FILE, run(session, trained.data.valid_x)


def _network(trained: Trained, module: nn.Module, file: Path) -> None:
    import onnxscript  # noqa: F401 - torch.onnx needs it, and says so much later
    import torch

    from trainables.neural.examples import tensor

    rows = tensor(trained.data.valid_x)
    example = torch.cat([rows, rows])[:2].contiguous()
    silenced = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [each.level for each in silenced]
    for each in silenced:
        each.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of torch and onnxscript, about each other
            program = torch.onnx.export(
                module,
                (example,),
                input_names=["x"],
                output_names=["outputs"],
                dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
                dynamo=True,
                external_data=False,
                verbose=False,
            )
            assert program is not None
            program.save(str(file), external_data=False)
    except ImportError:
        raise
    except Exception as error:
        raise DeployError(
            f"onnx: torch cannot write {trained.ref} as ONNX: {type(error).__name__}: "
            f"{' '.join(str(error).split())[:300]}; leave the format out"
        ) from error
    finally:
        for each, level in zip(silenced, levels, strict=True):
            each.setLevel(level)


def _estimator(trained: Trained, file: Path) -> None:
    estimator = trained.estimator
    package = type(estimator[0] if isinstance(estimator, list) else estimator).__module__.partition(".")[0]
    if package in ("xgboost", "lightgbm"):
        raise DeployError(
            f"onnx: a model of {package} is written in the library's own format, which is read in any language that has "
            f"{package}; leave the format out"
        )
    if isinstance(estimator, Columns):
        raise DeployError(
            f"onnx: {trained.ref} has an estimator for each of several values, and a graph has one; leave the format out"
        )
    scale = getattr(trained.trainable, "scale", None)
    if not trained.labels and scale is not None and (np.any(scale.shift) or np.any(scale.unit != 1)):
        estimator = _in_unit(estimator, float(scale.shift), float(scale.unit))
    wanted, nearest = trained.predict(trained.data.valid_x), np.inf
    for single in (
        False,
        True,
    ):  # trees of scikit-learn compare numbers in single precision, all else in double
        content = _converted(trained, estimator, single=single)
        try:
            found = run(session_of(content), trained.data.valid_x)
        except ImportError:
            raise
        except Exception:  # onnxruntime lacks an operator for numbers of this precision
            continue
        difference = float(np.abs(found - wanted).max()) if found.shape == wanted.shape else np.inf
        if difference < nearest:
            nearest = difference
            file.write_bytes(content)
    if not np.isfinite(nearest):
        raise DeployError(
            f"onnx: onnxruntime cannot compute what skl2onnx wrote of a {type(estimator).__name__}; leave the format out"
        )


def _converted(trained: Trained, estimator: Any, *, single: bool) -> bytes:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    kind = FloatTensorType if single else DoubleTensorType
    width = trained.data.train_x.shape[1]
    if trained.labels and not hasattr(estimator, "predict_proba"):
        raise DeployError(
            f"onnx: a {type(estimator).__name__} has no probabilities of its own, only margins; leave the format out"
        )
    options = {id(estimator): {"zipmap": False}} if trained.labels else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = to_onnx(
                estimator,
                initial_types=[("x", kind([None, width]))],
                options=options,
            )
    except Exception as error:
        raise DeployError(
            f"onnx: skl2onnx cannot write a {type(estimator).__name__}: {' '.join(str(error).split())[:300]}; leave the "
            "format out"
        ) from error
    content: bytes = graph.SerializeToString()
    return content


def _in_unit(estimator: Any, shift: float, unit: float) -> Any:
    """A regressor whose values are in the target's own unit."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    scaler.mean_, scaler.scale_, scaler.var_ = np.array([shift]), np.array([unit]), np.array([unit**2])
    scaler.n_features_in_, scaler.n_samples_seen_ = 1, 1
    whole = TransformedTargetRegressor(regressor=estimator, transformer=scaler)
    whole.regressor_, whole.transformer_, whole._training_dim = estimator, scaler, 1
    return whole
