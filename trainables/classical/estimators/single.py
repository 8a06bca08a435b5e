"""Single models that are not linear: a decision tree, support vectors, nearest neighbours, naive Bayes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainables.classical.estimators.base import CLASSES, VALUES, Estimator, Kind, choice, number, whole
from trainables.classical.estimators.linear import CLASS_WEIGHT, weights

__all__ = ["SINGLE"]


def _decision_tree(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    shared = {
        "max_depth": o["max_depth"] or None,
        "min_samples_leaf": o["min_samples_leaf"],
        "max_features": o["max_features"],
        "ccp_alpha": o["ccp_alpha"],
        "random_state": seed,
    }
    if kind == "values":
        return DecisionTreeRegressor(**shared)
    return DecisionTreeClassifier(**shared, class_weight=weights(o))


def _svm(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    """Ties are broken by the margins, so that the class of the largest margin is the one predicted."""
    from sklearn.svm import SVC, SVR

    shared = {"C": o["C"], "kernel": o["kernel"], "gamma": o["gamma"] or "scale", "degree": o["degree"]}
    if kind == "values":
        return SVR(**shared, epsilon=o["epsilon"])
    return SVC(**shared, break_ties=True, class_weight=weights(o), random_state=seed)


def _knn(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    made = KNeighborsRegressor if kind == "values" else KNeighborsClassifier
    return made(n_neighbors=o["n_neighbors"], weights=o["weights"], p=o["p"])


def _naive_bayes(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.naive_bayes import GaussianNB

    return GaussianNB(var_smoothing=o["var_smoothing"])


SINGLE: dict[str, Estimator] = {
    "decision_tree": Estimator(
        _decision_tree,
        (
            whole("max_depth", 0, 0, search=(1, 20)),  # 0 = no limit
            whole("min_samples_leaf", 1, 1, search=(1, 30)),
            number("max_features", 1.0, 1e-3, 1),
            number("ccp_alpha", 0.0, 0),
            CLASS_WEIGHT,
        ),
        columns=True,
    ),
    "svm": Estimator(
        _svm,
        (
            number("C", 1.0, 1e-12, search=(1e-2, 1e3), log=True),
            choice("kernel", ("rbf", "linear", "poly"), search=("rbf", "linear")),
            number("gamma", 0.0, 0, search=(1e-4, 1.0), log=True, when=(("kernel", "rbf"),)),  # 0 = "scale"
            whole("degree", 3, 1),
            number("epsilon", 0.1, 0, search=(1e-3, 0.5), log=True, kinds=VALUES),
            CLASS_WEIGHT,
        ),
        unitless=True,
    ),
    "knn": Estimator(
        _knn,
        (
            whole("n_neighbors", 5, 1, search=(1, 30)),
            choice("weights", ("uniform", "distance"), search=("uniform", "distance")),
            whole("p", 2, 1, search=(1, 2)),
        ),
        columns=True,
        fewest="n_neighbors",
    ),
    "naive_bayes": Estimator(
        _naive_bayes,
        (number("var_smoothing", 1e-9, 1e-15, search=(1e-10, 1e-1), log=True),),
        kinds=CLASSES,
    ),
}
