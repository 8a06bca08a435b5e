"""Scores against scikit-learn's functions of the same names, on random and on degenerate cases."""

from __future__ import annotations

import numpy as np
import pytest

from trainables import scoring
from trainables.scoring import (
    CLASSIFICATION_SCORES,
    REGRESSION_SCORES,
    classification_scores,
    confusion_matrix,
    regression_scores,
    scores,
    scores_of_each,
    threshold_counts,
)

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference")


def probabilities(rng, rows, classes, *, decimals=None):
    drawn = rng.dirichlet(np.full(classes, 0.5), size=rows)
    return drawn if decimals is None else np.round(drawn, decimals)  # rounded: many ties, and zeros


def reference_classification(p, y):
    """scikit-learn's functions over the classes for which they are defined."""
    rows, classes = p.shape
    predicted = p.argmax(axis=1)
    macro = {"average": "macro", "zero_division": 0}
    counts = np.bincount(y, minlength=classes)
    ranked = [c for c in range(classes) if 0 < counts[c] < rows]
    found = [c for c in range(classes) if counts[c]]
    eps = np.finfo(p.dtype).eps
    return {
        "accuracy": metrics.accuracy_score(y, predicted),
        "precision": metrics.precision_score(y, predicted, **macro),
        "recall": metrics.recall_score(y, predicted, **macro),
        "f1": metrics.f1_score(y, predicted, **macro),
        "roc_auc": np.mean([metrics.roc_auc_score(y == c, p[:, c]) for c in ranked]) if ranked else np.nan,
        "pr_auc": np.mean([metrics.average_precision_score(y == c, p[:, c]) for c in found]),
        "log_loss": -np.mean(np.log(np.clip(p[np.arange(rows), y], eps, 1 - eps))),
    }


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name in expected:
        assert found[name] == pytest.approx(expected[name], abs=1e-12, rel=1e-12, nan_ok=True), name


@pytest.mark.parametrize("seed", range(25))
def test_classification_as_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    rows, classes = int(rng.integers(1, 200)), int(rng.integers(2, 12))
    decimals = [None, 1, 2, 0][seed % 4]
    p = probabilities(rng, rows, classes, decimals=decimals)
    y = rng.integers(0, rng.integers(1, classes + 1), rows)  # often some classes do not occur
    assert_same(classification_scores(p, y), reference_classification(p, y))


@pytest.mark.parametrize("classes", [2, 5])
def test_classification_against_the_direct_calls(classes):
    rng = np.random.default_rng(classes)
    p = probabilities(rng, 300, classes)
    y = rng.integers(0, classes, 300)
    found = classification_scores(p, y)
    labels = list(range(classes))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, p, labels=labels), abs=1e-12)
    if classes == 2:
        assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, p[:, 1]), abs=1e-12)
        # macro: the mean of both classes, each taken as the positive one
        both = [metrics.average_precision_score(y == c, p[:, c]) for c in labels]
        assert found["pr_auc"] == pytest.approx(np.mean(both), abs=1e-12)
    else:
        direct = metrics.roc_auc_score(y, p, multi_class="ovr", average="macro", labels=labels)
        assert found["roc_auc"] == pytest.approx(direct, abs=1e-12)
        hot = np.eye(classes, dtype=int)[y]
        assert found["pr_auc"] == pytest.approx(
            metrics.average_precision_score(hot, p, average="macro"), abs=1e-12
        )


def test_all_probabilities_equal():
    p, y = np.full((6, 3), 1 / 3), np.array([0, 1, 2, 0, 0, 1])
    found = classification_scores(p, y)
    assert_same(found, reference_classification(p, y))
    assert found["roc_auc"] == 0.5
    assert found["accuracy"] == 0.5  # the first class is predicted


def test_one_class_alone():
    p, y = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0])
    found = classification_scores(p, y)
    assert np.isnan(found["roc_auc"])
    assert found["pr_auc"] == 1.0
    assert found["accuracy"] == 0.5
    assert (found["precision"], found["recall"]) == (0.5, 0.25)  # class 1 is predicted and never occurs


def test_a_certain_and_wrong_prediction_has_a_finite_loss():
    certain, y = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([1, 0])
    assert classification_scores(certain, y)["log_loss"] == pytest.approx(
        metrics.log_loss(y, certain, labels=[0, 1]), abs=1e-12
    )
    single = certain.astype(np.float32)
    assert classification_scores(single, y)["log_loss"] == pytest.approx(-np.log(2**-23) / 2, rel=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_not_finite_give_nan(bad):
    p = np.full((4, 2), 0.5)
    p[2, 1] = bad
    assert list(classification_scores(p, np.array([0, 1, 0, 1]))) == list(CLASSIFICATION_SCORES)
    assert all(np.isnan(v) for v in classification_scores(p, np.array([0, 1, 0, 1])).values())
    assert all(np.isnan(v) for v in regression_scores(np.array([1.0, bad]), np.array([1.0, 2.0])).values())


def test_no_rows_give_nan():
    assert all(np.isnan(v) for v in classification_scores(np.empty((0, 3)), np.empty(0, int)).values())
    assert all(np.isnan(v) for v in regression_scores(np.empty(0), np.empty(0)).values())


def test_shapes_and_classes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="3 rows of probabilities need 3 classes"):
        classification_scores(np.full((3, 2), 0.5), np.array([0, 1]))
    with pytest.raises(ValueError, match=r"classes are 0 \.\. 1, one per column; got 0 \.\. 2"):
        classification_scores(np.full((2, 2), 0.5), np.array([0, 2]))
    with pytest.raises(ValueError, match=r"\(3,\) do not fit true values of shape \(2,\)"):
        regression_scores(np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match="no right answers"):
        scores("generation", np.zeros((2, 2)), np.zeros(2))


def reference_regression(p, y):
    return {
        "mse": metrics.mean_squared_error(y, p),
        "rmse": metrics.root_mean_squared_error(y, p),
        "mae": metrics.mean_absolute_error(y, p),
        "r2": metrics.r2_score(y, p),
        "mape": metrics.mean_absolute_percentage_error(y, p),
    }


@pytest.mark.parametrize("shape", [(2,), (50,), (333,), (40, 1), (40, 7)])
def test_regression_as_scikit_learn(shape):
    rng = np.random.default_rng(sum(shape))
    y = rng.normal(3, 10, shape)
    p = y + rng.normal(0, 2, shape)
    assert_same(regression_scores(p, y), reference_regression(p, y))


def test_regression_of_constant_and_zero_targets():
    y = np.zeros((5, 3))
    y[:, 2] = np.arange(5)
    p = y.copy()
    p[0, 1] = 1e-3
    found = regression_scores(p, y)
    assert_same(found, reference_regression(p, y))
    assert found["r2"] == pytest.approx(2 / 3)
    assert np.isnan(regression_scores(np.ones(1), np.ones(1))["r2"])


def test_a_single_column_may_lack_its_axis():
    y = np.array([1.0, 2.0, 4.0])
    assert regression_scores(y[:, None] + 1, y) == regression_scores(y + 1, y)


def test_errors_too_large_to_square_are_infinite_and_raise_nothing():
    found = regression_scores(np.array([1e200, 0.0]), np.array([0.0, 1.0]))
    assert list(found) == list(REGRESSION_SCORES)
    assert found["mse"] == np.inf
    assert np.isfinite(found["mae"])


def test_scores_by_task():
    p, y = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])
    assert scores("classification", p, y)["accuracy"] == 1.0
    assert scores("regression", np.array([1.0]), np.array([3.0]))["mae"] == 2.0
    assert scores("forecasting", np.zeros((2, 3)), np.ones((2, 3)))["mse"] == 1.0


@pytest.mark.parametrize("at_once", [1, 500, 2**20])
def test_models_side_by_side_are_scored_as_each_alone(monkeypatch, at_once):
    monkeypatch.setattr(scoring, "_AT_ONCE", at_once)
    rng = np.random.default_rng(5)
    y = rng.integers(0, 4, 61)  # of five classes one does not occur
    p = np.stack([probabilities(rng, 61, 5, decimals=decimals) for decimals in (None, 1, None, 2, None)])
    p[2, 7, 0] = np.nan
    found = scores_of_each("classification", p, y)
    for each, own in zip(p, found, strict=True):
        np.testing.assert_equal(own, scores("classification", each, y))
    assert np.isnan(found[2]["accuracy"])
    values = rng.normal(size=(3, 61))
    assert scores_of_each("regression", values, y) == [scores("regression", each, y) for each in values]
    assert scores_of_each("classification", p[:0], y) == []


def test_confusion_matrix_as_scikit_learn():
    rng = np.random.default_rng(3)
    y, predicted = rng.integers(0, 4, 90), rng.integers(0, 5, 90)
    expected = metrics.confusion_matrix(y, predicted, labels=range(5))
    np.testing.assert_array_equal(confusion_matrix(predicted, y, 5), expected)


def test_threshold_counts_as_the_roc_curve():
    rng = np.random.default_rng(4)
    p, y = probabilities(rng, 80, 3, decimals=1), rng.integers(0, 3, 80)
    owner, true, false = threshold_counts(p, y)
    for c in range(3):
        fpr, tpr, _ = metrics.roc_curve(y == c, p[:, c], drop_intermediate=False)
        np.testing.assert_allclose(true[owner == c] / (y == c).sum(), tpr[1:], atol=1e-15)
        np.testing.assert_allclose(false[owner == c] / (y != c).sum(), fpr[1:], atol=1e-15)
