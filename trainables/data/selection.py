"""Which features stay: ranked on training rows, the best share kept; and principal components."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainables.data.dataset import Array
from trainables.data.section import Section, Task
from trainables.errors import DataError

__all__ = ["Selection", "components"]

CORRELATION_LIMIT = 6000
"""Features that `correlation` takes: their matrix has the square of it, 144 MB here."""


class Selection:
    """Keep the `features.keep` best features (rounded up), in their order.

    variance: of the feature brought to the range [0, 1], so that its unit does not count. univariate: the F statistic
    of the classes' means, or of a line to the target. mutual_information: with the target, by nearest neighbours
    (Kraskov 2004, Ross 2014). correlation: redundant features go; of the two that correlate most, the one that
    correlates more with all others, until few enough are left (Kuhn's findCorrelation).

    Without a target to be predicted univariate and mutual_information cannot rank.
    """

    def __init__(self, section: Section, task: Task) -> None:
        self._kind: str = section["features.select"]
        self._share: float = section["features.keep"]
        self._seed: int = section["split.seed"]
        self._task = task
        self.kept: Array | None = None

    def fit_transform(self, x: Array, y: Array) -> Array:
        """The chosen features of the training rows."""
        count = max(1, math.ceil(self._share * x.shape[1] - 1e-9))
        if self._kind != "none" and count < x.shape[1]:
            if self._kind == "correlation":
                self.kept = _least_redundant(x, count)
            else:
                scores = np.nan_to_num(self._scores(x, y), nan=-np.inf, neginf=-np.inf, posinf=np.inf)
                self.kept = np.sort(np.argsort(-scores, kind="stable")[:count])
        return self.transform(x)

    def transform(self, x: Array) -> Array:
        """The chosen features of other rows."""
        return x if self.kept is None else x[:, self.kept]

    def _scores(self, x: Array, y: Array) -> Array:
        if self._kind == "variance":
            spread = x.max(axis=0) - x.min(axis=0)
            return np.asarray(x.var(axis=0) / np.where(spread > 0, spread, 1.0) ** 2)
        if self._task == "generation":
            raise DataError(
                f"data.features.select: {self._kind} ranks by a target, and a generation has none"
            )
        from sklearn import feature_selection as ranking

        numeric = self._task in ("regression", "forecasting")
        target = y.mean(axis=1) if y.ndim == 2 else y
        if self._kind == "univariate":
            varying = np.ptp(x, axis=0) > 0
            scores = np.full(x.shape[1], -np.inf)
            score: Any = ranking.f_regression if numeric else ranking.f_classif
            with np.errstate(divide="ignore", invalid="ignore"):
                scores[varying] = score(x[:, varying], target)[0]
            return scores
        inform: Any = ranking.mutual_info_regression if numeric else ranking.mutual_info_classif
        return np.asarray(inform(x, target, random_state=self._seed))


def components(share: float) -> Any:
    """scikit-learn's PCA that keeps this share of the variance."""
    from sklearn.decomposition import PCA

    return PCA(n_components=share)


def _least_redundant(x: Array, count: int) -> Array:
    features = x.shape[1]
    if features > CORRELATION_LIMIT:
        raise DataError(
            f"data.features.select: correlation compares all pairs, too many of {features} features; at most "
            f"{CORRELATION_LIMIT}: choose variance, or lower features.vocabulary"
        )
    centred = x - x.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    unit = (centred / np.where(norms > 0, norms, 1.0)).astype(np.float32)
    pairs = np.abs(unit.T @ unit)
    pairs[norms == 0] = pairs[:, norms == 0] = 2.0  # what does not vary goes first
    np.fill_diagonal(pairs, -1.0)
    left = np.ones(features, bool)
    most = pairs.max(axis=1)
    partner = pairs.argmax(axis=1)
    total = pairs.sum(axis=1)
    for _ in range(features - count):
        first = int(np.argmax(most))
        second = int(partner[first])
        gone = first if total[first] >= total[second] else second
        left[gone] = False
        total -= pairs[gone]
        pairs[:, gone] = -1.0
        most[gone] = -2.0
        for each in np.flatnonzero(left & (partner == gone)):
            partner[each] = int(pairs[each].argmax())
            most[each] = pairs[each, partner[each]]
    return np.flatnonzero(left)
