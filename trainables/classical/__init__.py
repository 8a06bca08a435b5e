"""Trainables of scikit-learn, XGBoost and LightGBM; a library is imported when a trial is set up, not before.

`Classical` (classical): scikit-learn's estimators, which of them is a parameter; the estimators are in `estimators`.
`Boosting` (boosting), `XGBoost` (xgboost), `LightGBM` (lightgbm): boosting, a few rounds a step (rounds).
`Pipelined` (pipelined): to be subclassed for an estimator or a pipeline of one's own.
How they train step by step is in growth and fitting, what they report in measure.
"""

from trainables.classical.boosting import Boosting
from trainables.classical.classical import Classical
from trainables.classical.lightgbm import LightGBM
from trainables.classical.pipelined import Pipelined
from trainables.classical.xgboost import XGBoost

__all__ = ["Boosting", "Classical", "LightGBM", "Pipelined", "XGBoost"]
