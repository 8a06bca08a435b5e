"""Ensembles of trees: side by side (bagging, forests) and one after the other (boosting)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainables.classical.estimators.base import Estimator, Kind, number, whole
from trainables.classical.estimators.linear import CLASS_WEIGHT, weights

__all__ = ["ENSEMBLES"]


def _bagging(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.ensemble import BaggingClassifier, BaggingRegressor
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    made, tree = (
        (BaggingRegressor, DecisionTreeRegressor)
        if kind == "values"
        else (BaggingClassifier, DecisionTreeClassifier)
    )
    return made(
        tree(max_depth=o["max_depth"] or None),
        n_estimators=o["n_estimators"],
        max_samples=o["max_samples"],
        max_features=o["max_features"],
        warm_start=True,
        random_state=seed,
    )


def _forest(names: tuple[str, str]) -> Any:
    def make(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
        from sklearn import ensemble

        made = getattr(ensemble, names[kind == "values"])
        return made(
            n_estimators=o["n_estimators"],
            max_depth=o["max_depth"] or None,
            min_samples_leaf=o["min_samples_leaf"],
            max_features=o["max_features"] or (1.0 if kind == "values" else "sqrt"),
            warm_start=True,
            random_state=seed,
            **({} if kind == "values" else {"class_weight": weights(o)}),
        )

    return make


def _adaboost(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    made, tree = (
        (AdaBoostRegressor, DecisionTreeRegressor)
        if kind == "values"
        else (AdaBoostClassifier, DecisionTreeClassifier)
    )
    return made(
        tree(max_depth=o["max_depth"]),
        n_estimators=o["n_estimators"],
        learning_rate=o["learning_rate"],
        random_state=seed,
    )


def _gradient_boosting(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

    made = GradientBoostingRegressor if kind == "values" else GradientBoostingClassifier
    return made(
        n_estimators=o["n_estimators"],
        learning_rate=o["learning_rate"],
        max_depth=o["max_depth"],
        min_samples_leaf=o["min_samples_leaf"],
        subsample=o["subsample"],
        max_features=o["max_features"],
        warm_start=True,
        random_state=seed,
    )


def _hist_gradient_boosting(o: Mapping[str, Any], kind: Kind, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    made = HistGradientBoostingRegressor if kind == "values" else HistGradientBoostingClassifier
    return made(
        max_iter=o["max_iter"],
        learning_rate=o["learning_rate"],
        max_leaf_nodes=o["max_leaf_nodes"],
        min_samples_leaf=o["min_samples_leaf"],
        l2_regularization=o["l2_regularization"],
        max_features=o["max_features"],
        early_stopping=False,
        warm_start=True,
        random_state=seed,
    )


_FOREST = (
    whole("n_estimators", 100, 1),
    whole("max_depth", 0, 0),  # 0 = no limit
    whole("min_samples_leaf", 1, 1, search=(1, 20)),
    number(
        "max_features", 0.0, 0, 1, search=(0.05, 1.0), log=True
    ),  # 0 = the root of their number; all for values
    CLASS_WEIGHT,
)

ENSEMBLES: dict[str, Estimator] = {
    "bagging": Estimator(
        _bagging,
        (
            whole("n_estimators", 50, 1),
            whole("max_depth", 0, 0),  # 0 = no limit
            number("max_samples", 1.0, 1e-3, 1, search=(0.3, 1.0)),
            number("max_features", 1.0, 1e-3, 1, search=(0.3, 1.0)),
        ),
        growth="members",
        size="n_estimators",
    ),
    "random_forest": Estimator(
        _forest(("RandomForestClassifier", "RandomForestRegressor")),
        _FOREST,
        growth="members",
        size="n_estimators",
        columns=True,
    ),
    "extra_trees": Estimator(
        _forest(("ExtraTreesClassifier", "ExtraTreesRegressor")),
        _FOREST,
        growth="members",
        size="n_estimators",
        columns=True,
    ),
    "adaboost": Estimator(
        _adaboost,
        (
            whole("n_estimators", 50, 1),
            number("learning_rate", 1.0, 1e-6, search=(0.01, 2.0), log=True),
            whole("max_depth", 1, 1, search=(1, 4)),
        ),
        growth="members",
        size="n_estimators",
        warm=False,
    ),
    "gradient_boosting": Estimator(
        _gradient_boosting,
        (
            whole("n_estimators", 100, 1),
            number("learning_rate", 0.1, 1e-6, search=(0.01, 0.5), log=True),
            whole("max_depth", 3, 1, search=(1, 6)),
            whole("min_samples_leaf", 1, 1, search=(1, 20)),
            number("subsample", 1.0, 1e-3, 1, search=(0.5, 1.0)),
            number("max_features", 1.0, 1e-3, 1, search=(0.2, 1.0)),
        ),
        growth="members",
        size="n_estimators",
    ),
    "hist_gradient_boosting": Estimator(
        _hist_gradient_boosting,
        (
            whole("max_iter", 100, 1),
            number("learning_rate", 0.1, 1e-6, search=(0.01, 0.5), log=True),
            whole("max_leaf_nodes", 31, 2, search=(4, 64)),
            whole("min_samples_leaf", 20, 1, search=(1, 50)),
            number("l2_regularization", 0.0, 0, search=(1e-6, 10.0), log=True),
            number("max_features", 1.0, 1e-3, 1, search=(0.2, 1.0)),
        ),
        growth="members",
        size="max_iter",
    ),
}
