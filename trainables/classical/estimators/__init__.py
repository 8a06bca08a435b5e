"""The estimators of `classical`, by the name that a config gives them.

`Estimator`, `Setting` (base): what one says about itself. Members: linear, ridge, lasso, elastic_net, logistic, sgd
(linear); decision_tree, svm, knn, naive_bayes (single); bagging, random_forest, extra_trees, adaboost,
gradient_boosting, hist_gradient_boosting (ensembles); voting, stacking (combined).
"""

from trainables.classical.estimators.base import Estimator, Kind, Setting
from trainables.classical.estimators.combined import COMBINED
from trainables.classical.estimators.ensembles import ENSEMBLES
from trainables.classical.estimators.linear import LINEAR
from trainables.classical.estimators.single import SINGLE

__all__ = ["ESTIMATORS", "Estimator", "Kind", "Setting"]

ESTIMATORS: dict[str, Estimator] = {**LINEAR, **SINGLE, **ENSEMBLES, **COMBINED}
