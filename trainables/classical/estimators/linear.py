"""Linear models: least squares, ridge, lasso, elastic net, logistic regression, and any of these by SGD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainables.classical.estimators.base import CLASSES, VALUES, Estimator, Kind, choice, number, whole

__all__ = ["CLASS_WEIGHT", "LINEAR", "weights"]

CLASS_WEIGHT = choice("class_weight", ("none", "balanced"), kinds=CLASSES)
_RATES = ("invscaling", "constant")
_SHRINK = number("alpha", 0.01, 0, search=(1e-4, 1.0), log=True)


def weights(o: Mapping[str, Any]) -> str | None:
    """``class_weight`` in scikit-learn's spelling."""
    return None if o["class_weight"] == "none" else str(o["class_weight"])


def _linear(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression()


def _ridge(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(alpha=o["alpha"], random_state=seed)


def _lasso(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.linear_model import Lasso

    return Lasso(alpha=o["alpha"], max_iter=o["max_iter"], random_state=seed)


def _elastic_net(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.linear_model import ElasticNet

    return ElasticNet(alpha=o["alpha"], l1_ratio=o["l1_ratio"], max_iter=o["max_iter"], random_state=seed)


def _logistic(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    """Newton's kind of solver for the smooth penalty, SAGA where there is an absolute value in it."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=o["C"],
        l1_ratio=o["l1_ratio"],
        solver="saga" if o["l1_ratio"] else "lbfgs",
        max_iter=o["max_iter"],
        class_weight=weights(o),
        random_state=seed,
    )


def _sgd(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    """Not shuffled here: the order of an epoch is drawn by `Epochs`, which can resume between any two."""
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    shared = {
        "loss": o["loss"],
        "penalty": o["penalty"],
        "alpha": o["alpha"],
        "l1_ratio": o["l1_ratio"],
        "learning_rate": o["learning_rate"],
        "eta0": o["eta0"],
        "shuffle": False,
        "random_state": seed,
    }
    return SGDRegressor(**shared) if kind == "values" else SGDClassifier(**shared)


LINEAR: dict[str, Estimator] = {
    "linear": Estimator(_linear, kinds=VALUES, columns=True),
    "ridge": Estimator(
        _ridge, (number("alpha", 1.0, 0, search=(1e-3, 1e3), log=True),), kinds=VALUES, columns=True
    ),
    "lasso": Estimator(
        _lasso,
        (_SHRINK, whole("max_iter", 2000, 1)),
        kinds=VALUES,
        columns=True,
        unitless=True,
    ),
    "elastic_net": Estimator(
        _elastic_net,
        (
            _SHRINK,
            number("l1_ratio", 0.5, 0, 1, search=(0.05, 0.95)),
            whole("max_iter", 2000, 1),
        ),
        kinds=VALUES,
        columns=True,
        unitless=True,
    ),
    "logistic": Estimator(
        _logistic,
        (
            number("C", 1.0, 1e-12, search=(1e-3, 1e3), log=True),
            number("l1_ratio", 0.0, 0, 1),
            whole("max_iter", 500, 1),
            CLASS_WEIGHT,
        ),
        kinds=CLASSES,
    ),
    "sgd": Estimator(
        _sgd,
        (
            whole("epochs", 27, 1),
            choice("loss", ("log_loss", "modified_huber"), kinds=CLASSES),
            choice("loss", ("squared_error", "huber"), kinds=VALUES),
            choice("penalty", ("l2", "l1", "elasticnet"), search=("l2", "l1", "elasticnet")),
            number("alpha", 1e-4, 0, search=(1e-6, 1e-1), log=True),
            number("l1_ratio", 0.15, 0, 1, search=(0.05, 0.95), when=(("penalty", "elasticnet"),)),
            choice("learning_rate", ("optimal", *_RATES), search=("optimal", *_RATES), kinds=CLASSES),
            choice("learning_rate", _RATES, search=_RATES, kinds=VALUES),
            number(
                "eta0",
                0.01,
                1e-12,
                search=(1e-4, 1e-1),
                log=True,
                when=(("learning_rate", list(_RATES)),),
            ),
        ),
        growth="epochs",
        size="epochs",
        unitless=True,
    ),
}
