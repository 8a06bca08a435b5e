"""What a fitted estimator of scikit-learn puts out, and the metrics of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trainables.data.section import Task
from trainables.scoring import scores

__all__ = ["Floats", "loss", "metrics", "outputs", "softmax"]

Floats = npt.NDArray[np.float64]
SMALLEST = float(np.finfo(np.float64).eps)


def outputs(model: Any, x: Floats, n_classes: int) -> Floats:
    """Values, or the probabilities of the classes 0 .. n_classes - 1.

    A classifier without ``predict_proba`` gives its margins through the logistic function (two classes) or softmax;
    they rank rows and classes as it does, but are not calibrated. One with ``predict`` alone is certain of its class.
    A class that was not among the rows it was fitted on has the probability 0.

    Args:
        model: fitted.
        x: (rows, features).
        n_classes: 0 where values are predicted.

    Returns:
        (rows,) or (rows, values); or (rows, n_classes).
    """
    if not n_classes:
        return np.asarray(model.predict(x), dtype=np.float64)
    known = np.asarray(model.classes_, dtype=np.int64)
    if hasattr(model, "predict_proba"):
        odds = np.asarray(model.predict_proba(x), dtype=np.float64)
    elif hasattr(model, "decision_function"):
        margins = np.asarray(model.decision_function(x), dtype=np.float64)
        odds = softmax(np.column_stack([np.zeros(len(x)), margins]) if margins.ndim == 1 else margins)
    else:
        odds = (np.asarray(model.predict(x))[:, None] == known).astype(np.float64)
    if len(known) == n_classes:
        return odds
    every = np.zeros((len(x), n_classes))
    every[:, known] = odds
    return every


def softmax(margins: Floats) -> Floats:
    """Margins (rows, classes) as probabilities."""
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def loss(task: Task, outputs: Floats, y: npt.NDArray[Any]) -> float:
    """Cross-entropy in nats for classes, mean squared error for values; NaN where an output is not finite."""
    if not np.isfinite(outputs).all():
        return float("nan")
    if task == "classification":
        own = outputs[np.arange(len(y)), y]
        return float(-np.log(np.clip(own, SMALLEST, 1 - SMALLEST)).mean())
    with np.errstate(over="ignore"):
        return float(((outputs - y) ** 2).mean())


def metrics(
    task: Task, train: Floats, train_y: npt.NDArray[Any], valid: Floats, valid_y: npt.NDArray[Any]
) -> dict[str, float]:
    """ "train/loss", "val/loss", and the scores of the validation rows as "val/...".

    Args:
        train, valid: outputs on training and validation rows, see `outputs`.
    """
    measured = {"train/loss": loss(task, train, train_y), "val/loss": loss(task, valid, valid_y)}
    return measured | {f"val/{name}": value for name, value in scores(task, valid, valid_y).items()}
