"""Scores of a model on rows that it was not trained on: one function per kind of target, numpy alone.

They agree with scikit-learn's functions of the same names (tests hold that to 1e-12) and cost a fraction of their time,
since every model computes all of them after every step. Where a score is undefined, and what then stands for it:

- a NaN or an infinity anywhere in the outputs: every score is NaN. Nothing is raised and nothing is warned of: the
  sweep sees that the model has diverged;
- no rows: every score is NaN;
- two classes equally probable: the prediction is the first of them;
- a class that neither occurs nor is predicted: left out of precision, recall and F1 (each of which is 0 for a class
  that occurs but is never predicted, or is predicted but never occurs);
- a class that does not occur: left out of the area under the precision-recall curve; a class that does not occur, or
  alone occurs: left out of the area under the ROC curve, which is NaN where no class is left;
- a probability of zero: taken as the machine epsilon of the array's own type in the log loss (2.2e-16 for float64,
  1.2e-7 for float32), as is one of one minus that;
- targets that are all the same number: R2 is 1 for predictions without any error, else 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainables.data.section import Task

__all__ = [
    "CLASSIFICATION_SCORES",
    "REGRESSION_SCORES",
    "classification_scores",
    "confusion_matrix",
    "regression_scores",
    "scores",
    "scores_of_each",
    "threshold_counts",
]

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.integer]

CLASSIFICATION_SCORES = ("accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "log_loss")
_AT_ONCE = (
    2**20
)  # probabilities of several models that are sorted together: more save nothing, and only take memory
REGRESSION_SCORES = ("mse", "rmse", "mae", "r2", "mape")


def scores(task: Task, outputs: Floats, y: npt.NDArray[np.generic]) -> dict[str, float]:
    """The scores for a task.

    Args:
        task: "classification", "regression" or "forecasting".
        outputs: class probabilities (rows, classes), or predictions of the shape of `y`.
        y: the true classes, or the true values.

    Raises:
        ValueError: shapes that do not fit each other, or a task that has no right answers (a generation).
    """
    if task == "classification":
        return classification_scores(outputs, np.asarray(y, dtype=np.int64))
    if task == "generation":
        raise ValueError(
            "a generation has no right answers to be scored by; its trainable has metrics of its own"
        )
    return regression_scores(outputs, np.asarray(y, dtype=np.float64))


def scores_of_each(task: Task, outputs: Floats, y: npt.NDArray[np.generic]) -> list[dict[str, float]]:
    """The scores of several models on the same rows, each to the last bit those that it has alone.

    Args:
        task: as for `scores`.
        outputs: (models, ...), each as for `scores`.
        y: the true classes, or the true values.

    Raises:
        ValueError: as `scores`.
    """
    if task != "classification":
        return [scores(task, each, y) for each in outputs]
    true = np.asarray(y, dtype=np.int64)
    at_once = max(1, _AT_ONCE // max(1, outputs[0].size)) if len(outputs) else 1
    parts = [outputs[start : start + at_once] for start in range(0, len(outputs), at_once)]
    return [found for part in parts for found in _classification_scores(part, true)]


def classification_scores(probabilities: Floats, y: Integers) -> dict[str, float]:
    """Scores of class probabilities.

    Args:
        probabilities: (rows, classes), each in [0, 1] and each row adding up to 1.
        y: (rows,) the true classes, 0 .. classes - 1.

    Returns:
        "accuracy"; "precision", "recall" and "f1" of the most probable class; "roc_auc" and "pr_auc" (average
        precision), one class against the rest: all five are plain (macro) means over the classes; and "log_loss" in
        nats. Larger is better but for the last.

    Raises:
        ValueError: shapes that do not fit each other, or a class outside the columns.
    """
    return _classification_scores(np.atleast_2d(probabilities)[None], y)[0]


def _classification_scores(probabilities: Floats, y: Integers) -> list[dict[str, float]]:
    """Those of each model: probabilities (models, rows, classes)."""
    models, rows, classes = probabilities.shape
    if y.shape != (rows,):
        raise ValueError(f"{rows} rows of probabilities need {rows} classes, not an array of shape {y.shape}")
    if rows and not (y.min() >= 0 and y.max() < classes):
        raise ValueError(f"classes are 0 .. {classes - 1}, one per column; got {y.min()} .. {y.max()}")
    sound = [bool(rows) and bool(np.isfinite(each).all()) for each in probabilities]
    if not all(sound):
        told = iter(_classification_scores(probabilities[np.array(sound)], y) if any(sound) else [])
        return [next(told) if each else dict.fromkeys(CLASSIFICATION_SCORES, np.nan) for each in sound]
    cells = y * classes + probabilities.argmax(axis=2) + np.arange(models)[:, None] * classes**2
    confusion = np.bincount(cells.ravel(), minlength=models * classes**2).reshape(models, classes, classes)
    right, predicted, actual = confusion.diagonal(0, 1, 2), confusion.sum(axis=1), confusion.sum(axis=2)
    seen = predicted + actual > 0
    found = {
        "accuracy": right.sum(axis=1) / rows,
        "precision": _mean(right / np.maximum(predicted, 1), seen),
        "recall": _mean(right / np.maximum(actual, 1), seen),
        "f1": _mean(2 * right / np.maximum(predicted + actual, 1), seen),
        **_areas(probabilities, y),
        "log_loss": _log_loss(probabilities, y),
    }
    return [{name: float(values[model]) for name, values in found.items()} for model in range(models)]


def regression_scores(predictions: Floats, y: Floats) -> dict[str, float]:
    """Scores of predicted numbers; of several values per row, the plain mean over the values' scores.

    Args:
        predictions, y: (rows,) or (rows, values), in the target's own unit; a single column may lack its axis.

    Returns:
        "mse", "rmse", "mae" (in the target's unit, or its square), "r2" (1 is perfect, 0 no better than the mean) and
        "mape" as a share: 0.1 is ten percent; true values near zero make it huge.

    Raises:
        ValueError: shapes that do not fit each other.
    """
    true = y[:, None] if y.ndim == 1 else y
    predicted = predictions[:, None] if predictions.ndim == 1 else predictions
    if predicted.shape != true.shape:
        raise ValueError(
            f"predictions of shape {predictions.shape} do not fit true values of shape {y.shape}"
        )
    true, predicted = true.astype(np.float64), predicted.astype(np.float64)
    if not len(true) or not np.isfinite(predicted).all():
        return dict.fromkeys(REGRESSION_SCORES, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):  # errors beyond 1e154 have no square
        error = predicted - true
        magnitude = np.abs(error)
        squared = (error**2).mean(axis=0)
        relative = magnitude / np.maximum(np.abs(true), np.finfo(np.float64).eps)
        values = {
            "mse": squared.mean(),
            "rmse": np.sqrt(squared).mean(),
            "mae": magnitude.mean(),
            "r2": _explained(squared, true).mean(),
            "mape": relative.mean(),
        }
    return {name: float(value) for name, value in values.items()}


def confusion_matrix(predicted: Integers, y: Integers, classes: int) -> npt.NDArray[np.int64]:
    """Counts of rows, (true class, predicted class)."""
    return np.bincount(y * classes + predicted, minlength=classes**2).reshape(classes, classes)


def threshold_counts(
    probabilities: Floats, y: Integers
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """What each threshold on a class's probability would take for that class, the highest threshold first.

    Args:
        probabilities: (rows, classes), finite.
        y: (rows,) the true classes.

    Returns:
        three arrays over the distinct probabilities of class 0, then those of class 1, ...: the class; how many of its
        rows reach the threshold (true positives); how many rows of other classes do (false positives). The last
        entry of a class counts all rows.
    """
    return _threshold_counts(np.ascontiguousarray(probabilities.T), y, probabilities.shape[1])


def _threshold_counts(
    columns: Floats, y: Integers, classes: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Of probabilities (columns, rows): those of the classes of one model, then those of the next."""
    order = columns.argsort(axis=1)[:, ::-1]
    ordered = np.take_along_axis(columns, order, axis=1)
    hits = (y[order] == (np.arange(len(columns)) % classes)[:, None]).cumsum(axis=1)
    last = np.ones(columns.shape, dtype=bool)  # of the rows that share a probability
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=last[:, :-1])
    owner, place = last.nonzero()
    positives = hits[owner, place]
    return owner, positives, place + 1 - positives


def _areas(probabilities: Floats, y: Integers) -> dict[str, Floats]:
    """Areas under the ROC curve (trapezoids) and under the precision-recall curve (steps), means over each model's classes."""
    models, rows, classes = probabilities.shape
    columns = np.ascontiguousarray(probabilities.transpose(0, 2, 1)).reshape(-1, rows)
    owner, true, false = _threshold_counts(columns, y, classes)
    begins = np.empty(len(owner), dtype=bool)
    begins[0], begins[1:] = True, owner[1:] != owner[:-1]
    true_before, false_before = (np.where(begins, 0, np.roll(counts, 1)) for counts in (true, false))
    positive = np.bincount(y, minlength=classes)
    trapezoids = np.bincount(owner, (false - false_before) * (true + true_before) / 2, minlength=len(columns))
    steps = np.bincount(owner, (true - true_before) * true / (true + false), minlength=len(columns))
    areas = trapezoids.reshape(models, classes) / np.maximum(positive * (rows - positive), 1)
    means = steps.reshape(models, classes) / np.maximum(positive, 1)
    return {
        "roc_auc": _mean(areas, (positive > 0) & (positive < rows)),
        "pr_auc": _mean(means, positive > 0),
    }


def _mean(values: Floats, counted: npt.NDArray[np.bool_]) -> Floats:
    """The mean of each row over what counts; NaN where nothing does."""
    number = np.broadcast_to(counted, values.shape).sum(axis=1)
    sums = np.where(counted, values, 0.0).sum(axis=1)
    return np.asarray(np.where(number > 0, sums / np.maximum(number, 1), np.nan))


def _log_loss(probabilities: Floats, y: Integers) -> Floats:
    own = (
        probabilities if np.issubdtype(probabilities.dtype, np.floating) else probabilities.astype(np.float64)
    )
    epsilon = np.finfo(own.dtype).eps
    given = np.clip(own[:, np.arange(len(y)), y], epsilon, 1 - epsilon).astype(np.float64)
    logs = np.log(np.ascontiguousarray(given))  # contiguous: summed in the same order in any company
    return np.asarray(-logs.mean(axis=1))


def _explained(squared: Floats, true: Floats) -> Floats:
    """R2 of each value: NaN of a single row, which has no variance to explain."""
    if len(true) < 2:
        return np.full(true.shape[1], np.nan)
    variance = ((true - true.mean(axis=0)) ** 2).mean(axis=0)
    constant = variance == 0
    explained = 1 - squared / np.where(constant, 1, variance)
    return np.where(constant, np.where(squared == 0, 1.0, 0.0), explained)
