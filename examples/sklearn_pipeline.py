"""A scikit-learn pipeline of one's own, for sklearn_pipeline.yaml: one method builds it from the options of a trial."""

from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer

from trainables.classical import Pipelined


class Splines(Pipelined):
    """The best features, bent by splines, then a logistic regression."""

    options = {
        "keep": 10,
        "knots": 4,
        "C": 1.0,
    }  # every option, and its value where the sweep file leaves it out

    def build(self, options, task):
        return make_pipeline(
            SelectKBest(mutual_info_classif, k=options["keep"]),
            SplineTransformer(n_knots=options["knots"], degree=2),
            LogisticRegression(C=options["C"], max_iter=2000),
        )
