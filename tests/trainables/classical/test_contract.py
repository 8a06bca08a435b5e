"""The classical trainables keep the contracts of a trainable and of a learner."""

from __future__ import annotations

import importlib.util

import pytest

from contracts.trainable import Case, LearnerContract, TrainableContract

WINE = {"data": "wine"}
NUMBERS = {"data": "diabetes"}

# One estimator of each way to grow: rows, members that stay, members fitted anew, epochs; and of each task.
FIXED = [
    Case("classical", {**WINE, "estimator": "logistic"}),
    Case("classical", {**WINE, "estimator": "random_forest"}),
    Case("classical", {**WINE, "estimator": "gradient_boosting", "gradient_boosting": {"subsample": 0.7}}),
    Case("classical", {**WINE, "estimator": "adaboost"}),
    Case("classical", {**WINE, "estimator": "sgd"}),
    Case("classical", {**NUMBERS, "estimator": "svm"}),
    Case("classical", {**NUMBERS, "estimator": "bagging"}),
    Case("classical", {**NUMBERS, "estimator": "hist_gradient_boosting"}),
    Case(
        "classical",
        {**NUMBERS, "estimator": "sgd"},
        diverging={"sgd": {"eta0": 1e200, "learning_rate": "constant"}},
    ),
]

LEARNERS = [
    # a tree of depth 4 makes no mistake on wine's training rows, and AdaBoost ends with it
    Case("classical", WINE, budget=9, beats=0.8, idle=("adaboost.learning_rate",)),
    Case("classical", NUMBERS, budget=9, beats=0.15),
    Case("boosting", {**WINE, "max_features": 0.3}, seeded=True, beats=0.7),
    Case("boosting", {**NUMBERS, "max_features": 0.3}, seeded=True, beats=0.15),
    Case("xgboost", {**WINE, "colsample_bytree": 0.5}, seeded=True, beats=0.7),
    Case("xgboost", NUMBERS, beats=0.1),
    Case("lightgbm", {**WINE, "feature_fraction": 0.5}, seeded=True, beats=0.7),
    Case("lightgbm", NUMBERS, beats=0.15),
]


def _needed(case: Case) -> None:
    name = str(case)
    if name in ("xgboost", "lightgbm") and importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is an optional package and is not installed: pip install 'tuneyard[boosting]'")


class TestEstimators(TrainableContract):
    @pytest.fixture(params=FIXED, ids=lambda case: f"{case.options['estimator']}-{case.options['data']}")
    def case(self, request: pytest.FixtureRequest) -> Case:
        found = request.param
        assert isinstance(found, Case)
        return found


class TestLearners(LearnerContract):
    @pytest.fixture(params=LEARNERS, ids=lambda case: f"{case}-{case.options['data']}")
    def case(self, request: pytest.FixtureRequest) -> Case:
        found = request.param
        assert isinstance(found, Case)
        _needed(found)
        return found
