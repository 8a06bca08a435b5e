"""ONNX: the model as a graph that runs in many places, without Python."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.errors import DeployError
from deploy.export.served import quietly, served
from deploy.export.tree_graph import tree_graph
from deploy.export.trees import trees_of
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
    try:
        with quietly(), torch.no_grad():
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


def _estimator(trained: Trained, file: Path) -> None:
    x = trained.data.valid_x
    trees = trees_of(trained.estimator, x[:1])
    if trees is not None:
        file.write_bytes(tree_graph(trees, x.shape[1], trained.data.n_classes))
        return
    if isinstance(trained.estimator, Columns):
        raise DeployError(
            f"onnx: {trained.ref} has an estimator for each of several values, and a graph has one; leave the format out"
        )
    wanted, nearest = trained.predict(x), np.inf
    for single in (
        False,
        True,
    ):  # trees of scikit-learn compare numbers in single precision, all else in double
        content = _converted(trained, single=single)
        try:
            found = run(session_of(content), x)
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
            f"onnx: onnxruntime cannot compute what skl2onnx wrote of a {type(trained.estimator).__name__}; leave the "
            "format out"
        )


def _converted(trained: Trained, *, single: bool) -> bytes:
    """What skl2onnx makes of the estimator, its last output in the target's own unit or a probability."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    estimator, kind = trained.estimator, FloatTensorType if single else DoubleTensorType
    if hasattr(
        estimator, "flatten_transform"
    ):  # of a vote: for transform() alone, and skl2onnx has but one of its ways
        estimator = copy.copy(estimator).set_params(flatten_transform=False)
    margins = bool(trained.labels) and not hasattr(estimator, "predict_proba")
    options: Any = None
    if trained.labels:
        options = {id(estimator): {"zipmap": False, **({"raw_scores": True} if margins else {})}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of skl2onnx, about its own
            model = to_onnx(
                estimator, initial_types=[("x", kind([None, trained.data.train_x.shape[1]]))], options=options
            )
    except Exception as error:
        raise DeployError(
            f"onnx: skl2onnx cannot write a {type(estimator).__name__}: {' '.join(str(error).split())[:300]}; leave the "
            "format out"
        ) from error
    if margins:
        if len(trained.labels) == 2:  # of -m and m; the softmax is that of 0 and m
            _append(model, "Mul", np.asarray(0.5))
        _append(model, "Softmax", axis=1)
    scale = getattr(trained.trainable, "scale", None)
    if not trained.labels and scale is not None:
        for operator, number in (("Mul", scale.unit), ("Add", scale.shift)):
            _append(model, operator, np.asarray(number))
    content: bytes = model.SerializeToString()
    return content


def _append(model: Any, operator: str, number: Array | None = None, **attributes: Any) -> None:
    """One more operator behind the last output of a graph."""
    from onnx import helper, numpy_helper

    graph = model.graph
    last = graph.output[-1]
    before = f"{last.name}.{len(graph.node)}"
    for node in graph.node:
        node.output[:] = [before if name == last.name else name for name in node.output]
        node.input[:] = [before if name == last.name else name for name in node.input]
    entries = [before]
    if number is not None:
        kind = helper.tensor_dtype_to_np_dtype(last.type.tensor_type.elem_type)
        graph.initializer.append(numpy_helper.from_array(number.astype(kind), f"{before}.number"))
        entries.append(f"{before}.number")
    graph.node.append(helper.make_node(operator, entries, [last.name], **attributes))
