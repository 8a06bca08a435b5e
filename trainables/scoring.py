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
    "threshold_counts",
]

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.integer]

CLASSIFICATION_SCORES = ("accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "log_loss")
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
    probabilities = np.atleast_2d(probabilities)
    rows, classes = probabilities.shape
    if y.shape != (rows,):
        raise ValueError(f"{rows} rows of probabilities need {rows} classes, not an array of shape {y.shape}")
    if rows and not (y.min() >= 0 and y.max() < classes):
        raise ValueError(f"classes are 0 .. {classes - 1}, one per column; got {y.min()} .. {y.max()}")
    if not rows or not np.isfinite(probabilities).all():
        return dict.fromkeys(CLASSIFICATION_SCORES, np.nan)
    confusion = confusion_matrix(probabilities.argmax(axis=1), y, classes)
    right, predicted, actual = confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1)
    seen = predicted + actual > 0
    roc_auc, pr_auc = _areas(probabilities, y)
    return {
        "accuracy": float(right.sum() / rows),
        "precision": float((right / np.maximum(predicted, 1))[seen].mean()),
        "recall": float((right / np.maximum(actual, 1))[seen].mean()),
        "f1": float((2 * right / np.maximum(predicted + actual, 1))[seen].mean()),
        "roc_auc": roc_auc,
        "pr_auc": pr_auc,
        "log_loss": _log_loss(probabilities, y),
    }


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
    columns = np.ascontiguousarray(probabilities.T)
    classes = len(columns)
    order = columns.argsort(axis=1)[:, ::-1]
    ordered = np.take_along_axis(columns, order, axis=1)
    hits = (y[order] == np.arange(classes)[:, None]).cumsum(axis=1)
    last = np.ones(columns.shape, dtype=bool)  # of the rows that share a probability
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=last[:, :-1])
    owner, place = last.nonzero()
    positives = hits[owner, place]
    return owner, positives, place + 1 - positives


def _areas(probabilities: Floats, y: Integers) -> tuple[float, float]:
    """Areas under the ROC curve (trapezoids) and under the precision-recall curve (steps), means over the classes."""
    rows, classes = probabilities.shape
    owner, true, false = threshold_counts(probabilities, y)
    begins = np.empty(len(owner), dtype=bool)
    begins[0], begins[1:] = True, owner[1:] != owner[:-1]
    true_before, false_before = (np.where(begins, 0, np.roll(counts, 1)) for counts in (true, false))
    positive = np.bincount(y, minlength=classes)
    trapezoids = np.bincount(owner, (false - false_before) * (true + true_before) / 2, minlength=classes)
    steps = np.bincount(owner, (true - true_before) * true / (true + false), minlength=classes)
    ranked = (positive > 0) & (positive < rows)
    found = positive > 0
    roc_auc = (trapezoids[ranked] / (positive * (rows - positive))[ranked]).mean() if ranked.any() else np.nan
    return float(roc_auc), float((steps[found] / positive[found]).mean())


def _log_loss(probabilities: Floats, y: Integers) -> float:
    own = (
        probabilities if np.issubdtype(probabilities.dtype, np.floating) else probabilities.astype(np.float64)
    )
    epsilon = np.finfo(own.dtype).eps
    given = np.clip(own[np.arange(len(y)), y], epsilon, 1 - epsilon)
    return float(-np.log(given.astype(np.float64)).mean())


def _explained(squared: Floats, true: Floats) -> Floats:
    """R2 of each value: NaN of a single row, which has no variance to explain."""
    if len(true) < 2:
        return np.full(true.shape[1], np.nan)
    variance = ((true - true.mean(axis=0)) ** 2).mean(axis=0)
    constant = variance == 0
    explained = 1 - squared / np.where(constant, 1, variance)
    return np.where(constant, np.where(squared == 0, 1.0, 0.0), explained)
