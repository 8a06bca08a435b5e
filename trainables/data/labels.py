"""Labels that look wrong: rows whose class a model, fitted on other rows, is sure is another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainables.data.dataset import Array, Dataset
from trainables.errors import DataError

__all__ = ["LabelCheck", "Suspect", "check_labels", "confident_errors"]

FOLDS = 5
TREES = 200

CHANCE = 0.01
"""A model that knows nothing may pass for one that knows something this often."""


@dataclass(frozen=True)
class Suspect:
    """A row whose label may be wrong.

    Attributes:
        row: of the source, from 0.
        place: where it stands, "row 18".
        label: the class that it has.
        suggested: the class that the model holds it for.
        confidence: probability of `label` by a model that never saw the row.
        suggested_confidence: of `suggested`.
        confident: whether the model is as sure of it as of the rows that do bear that label: what confident
            learning counts as an error. The others are merely predicted otherwise, and often hard rather than wrong.
    """

    row: int
    place: str
    label: str
    suggested: str
    confidence: float
    suggested_confidence: float
    confident: bool


@dataclass(frozen=True)
class LabelCheck:
    """What a model that was fitted on other rows says about the labels.

    Attributes:
        rows: how many were judged.
        accuracy: share of them for which the model gives their own label.
        most_frequent: share of the most frequent label: what always saying that one would reach.
        telling: whether `accuracy` is clearly above `most_frequent`. If it is not, the model knows no label, and that it
            gives another says nothing about a row.
        suspects: rows whose label may be wrong, the likeliest error first; none where the check is not `telling`.
    """

    rows: int
    accuracy: float
    most_frequent: float
    telling: bool
    suspects: tuple[Suspect, ...]


def check_labels(dataset: Dataset, place: Callable[[int], str], *, seed: int = 0) -> LabelCheck:
    """Look for rows outside the test part whose label may be wrong.

    Each row is judged by a model that was fitted on the other four fifths: extremely randomised trees, for texts
    a logistic regression. A row is listed where it holds another class for the likelier; the order is by
    the normalised margin, and `Suspect.confident` is the rule of confident learning (Northcutt, Jiang and Chuang 2021,
    "Confident Learning", section 3.1). Classes of fewer than five rows are not judged.

    Where the features say nothing about the label, the trees are sure all the same, and wrong in half of the rows. So
    rows are listed only if the model is right more often than always saying the most frequent label would be: a
    one-sided binomial test at `CHANCE`.

    Args:
        dataset: a classification, seen as "features".
        place: says where a row of the source stands.
        seed: of the folds and the trees.

    Raises:
        DataError: no classes, another view, or fewer than two classes of five rows.
    """
    if dataset.task != "classification" or dataset.view != "features":
        raise DataError(
            f"{dataset.source}: label errors are looked for in a classification's features, not in "
            f"a {dataset.task}'s {dataset.view}"
        )
    x = np.concatenate([dataset.train_x, dataset.valid_x])
    y = np.concatenate([dataset.train_y, dataset.valid_y])
    rows = np.concatenate([dataset.train_rows, dataset.valid_rows])
    judged = np.isin(y, np.flatnonzero(np.bincount(y, minlength=dataset.n_classes) >= FOLDS))
    x, rows = x[judged], rows[judged]
    classes, y = np.unique(y[judged], return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"{dataset.source}: label errors need two classes of at least {FOLDS} rows each")
    probabilities = _out_of_fold(dataset, x, y, seed)
    best = probabilities.argmax(axis=1)
    right, frequent = int((best == y).sum()), int(np.bincount(y).max())
    telling = _better(right, len(y), frequent / len(y))
    found = _suspects(dataset, place, probabilities, y, rows, classes) if telling else ()
    return LabelCheck(len(y), right / len(y), frequent / len(y), telling, found)


def _better(right: int, rows: int, share: float) -> bool:
    """Whether so many of the rows are hardly ever right where each is with a probability of `share`."""
    from scipy.stats import binom

    return bool(binom.sf(right - 1, rows, share) < CHANCE)


def _suspects(
    dataset: Dataset, place: Callable[[int], str], probabilities: Array, y: Array, rows: Array, classes: Array
) -> tuple[Suspect, ...]:
    """The rows that are predicted otherwise, the smallest normalised margin first."""
    confident = confident_errors(probabilities, y)
    best = probabilities.argmax(axis=1)
    own = probabilities[np.arange(len(y)), y]
    margin = own - probabilities[np.arange(len(y)), best]
    return tuple(
        Suspect(
            row=int(rows[i]),
            place=place(int(rows[i])),
            label=dataset.labels[classes[y[i]]],
            suggested=dataset.labels[classes[best[i]]],
            confidence=float(own[i]),
            suggested_confidence=float(probabilities[i, best[i]]),
            confident=bool(confident[i]),
        )
        for i in np.lexsort((rows, margin))
        if best[i] != y[i]
    )


def confident_errors(probabilities: Array, y: Array) -> Array:
    """Which rows stand off the diagonal of the confident joint (Northcutt et al. 2021, equations 1 and 2).

    Args:
        probabilities: (rows, classes), out of fold.
        y: (rows,), classes 0 .. classes - 1, each with a row at least.

    Returns:
        (rows,) bool.
    """
    thresholds = np.array(
        [probabilities[y == label, label].mean() for label in range(probabilities.shape[1])]
    )
    above = np.where(probabilities >= thresholds, probabilities, -1.0)
    counted_as = above.argmax(axis=1)
    return np.asarray((above.max(axis=1) >= 0) & (counted_as != y))


def _out_of_fold(dataset: Dataset, x: Array, y: Array, seed: int) -> Array:
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    found: Array = cross_val_predict(_model(dataset, seed), x, y, cv=folds, method="predict_proba")
    return found


def _model(dataset: Dataset, seed: int) -> Any:
    if (
        dataset.modality == "text"
    ):  # thousands of words, each in few texts: a linear model is the better one there
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=10.0, max_iter=1000)
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(TREES, random_state=seed)
