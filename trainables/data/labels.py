"""Labels that look wrong: rows whose class a model, fitted on other rows, is sure is another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainables.data.dataset import Array, Dataset
from trainables.errors import DataError

__all__ = ["Suspect", "confident_errors", "suspected_labels"]

FOLDS = 5
TREES = 200


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


def suspected_labels(dataset: Dataset, place: Callable[[int], str], *, seed: int = 0) -> list[Suspect]:
    """Rows outside the test part whose label may be wrong, the likeliest error first.

    Each row is judged by a model that was fitted on the other four fifths: extremely randomised trees, for texts
    a logistic regression. A row is listed where it holds another class for the likelier; the order is by
    the normalised margin, and `Suspect.confident` is the rule of confident learning (Northcutt, Jiang and Chuang 2021,
    "Confident Learning", section 3.1). Classes of fewer than five rows are not judged.

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
    confident = confident_errors(probabilities, y)
    best = probabilities.argmax(axis=1)
    own = probabilities[np.arange(len(y)), y]
    margin = own - probabilities[np.arange(len(y)), best]
    return [
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
    ]


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
