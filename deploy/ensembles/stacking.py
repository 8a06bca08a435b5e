"""A linear model over the members' predictions (Wolpert 1992), its penalty chosen by cross-validation."""

from __future__ import annotations

import numpy as np

from deploy.ensembles.blends import Stack
from trainables.data.dataset import Array

__all__ = ["PENALTIES", "stack"]

PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0)
"""Per row, of standardised outputs; the strongest of those within rounding is taken."""

FOLDS = 4


def stack(outputs: Array, y: Array, classes: int, rng: np.random.Generator) -> Stack:
    """Fit the model on rows that the members were not trained on.

    Classes: multinomial logistic regression on the centred logarithms of the members' probabilities. Values: ridge
    regression. Both shrink towards the plain mean of the members (of the logarithms, for classes), not towards nothing.

    Args:
        outputs: (members, rows, classes), or (members, rows) or (members, rows, horizon) of values.
        y: (rows,) the true classes, or values of the shape of one member's outputs.
        classes: 0 for values.
        rng: deals the folds.
    """
    rows = outputs.shape[1]
    folds = rng.permutation(rows) % min(FOLDS, rows)
    losses = [
        sum(
            _loss(
                _fit(outputs[:, folds != fold], y[folds != fold], classes, penalty),
                outputs[:, folds == fold],
                y[folds == fold],
            )
            for fold in range(min(FOLDS, rows))
        )
        for penalty in PENALTIES
    ]
    strongest = max(i for i, loss in enumerate(losses) if loss <= min(losses) * (1 + 1e-9))
    return _fit(outputs, y, classes, PENALTIES[strongest])


def _fit(outputs: Array, y: Array, classes: int, penalty: float) -> Stack:
    return _logistic(outputs, y, classes, penalty) if classes else _ridge(outputs, y, penalty)


def _logistic(outputs: Array, y: Array, classes: int, penalty: float) -> Stack:
    from scipy.optimize import minimize

    features, members = Stack.features(outputs), len(outputs)
    rows, width = features.shape
    wanted = np.eye(classes)[y]
    plain = np.tile(np.eye(classes), members) / members

    def loss(flat: Array) -> tuple[float, Array]:
        matrix, offset = flat[: classes * width].reshape(classes, width), flat[classes * width :]
        scores = features @ matrix.T + offset
        scores = scores - scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        error = (np.exp(logs) - wanted) / rows
        away = matrix - plain
        value = -float((wanted * logs).sum()) / rows + penalty / 2 * float((away**2).sum())
        return value, np.concatenate([(error.T @ features + penalty * away).ravel(), error.sum(axis=0)])

    start = np.concatenate([plain.ravel(), np.zeros(classes)])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return Stack(found[: classes * width].reshape(classes, width), found[classes * width :])


def _ridge(outputs: Array, y: Array, penalty: float) -> Stack:
    members = len(outputs)
    x, true = outputs.reshape(members, -1).T, np.asarray(y, np.float64).reshape(-1)
    centre, middle = x.mean(axis=0), float(true.mean())
    unit = float(true.var()) or 1.0
    plain = np.full(members, 1 / members)
    left = (x - centre).T @ (x - centre) / len(x) + penalty * unit * np.eye(members)
    right = (x - centre).T @ (true - middle) / len(x) + penalty * unit * plain
    weights = np.linalg.solve(left, right)
    return Stack(weights, np.asarray(middle - centre @ weights))


def _loss(model: Stack, outputs: Array, y: Array) -> float:
    """Summed over rows."""
    found = model.apply(outputs)
    if model.matrix.ndim == 2:
        return float(-np.log(np.maximum(found[np.arange(len(y)), y], 1e-12)).sum())
    return float(((found - y) ** 2).sum())
