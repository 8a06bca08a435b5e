"""Two models on the same rows: errors and cover on data with a known answer, and models trained on real data."""

from __future__ import annotations

import numpy as np
import pytest

from deploy.ab.paired import compare, mcnemar
from deploy.errors import DeployError
from trainables.scoring import scores


def _probabilities(rng: np.random.Generator, y: np.ndarray, right: float, shared: np.ndarray) -> np.ndarray:
    """A model that is right on a row where `shared`, or by itself with the chance that makes `right` in all."""
    own = (right - shared.mean()) / (1 - shared.mean())
    hit = shared | (rng.random(len(y)) < own)
    labels = np.where(hit, y, (y + 1) % 3)
    return 0.1 + 0.7 * np.eye(3)[labels]


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_equal_models_are_told_apart_as_seldom_as_stated(metric: str) -> None:
    rng, draws, found, missed = np.random.default_rng(0), 600, 0, 0
    for _ in range(draws):
        y, shared = rng.integers(0, 3, 120), rng.random(120) < 0.6
        old, new = (_probabilities(rng, y, 0.75, shared) for _ in range(2))
        paired = compare("classification", old, new, y, metric, seed=draws)
        assert paired.low is not None
        assert paired.high is not None
        assert paired.p is not None
        found += paired.p <= 0.05
        missed += not paired.low <= 0 <= paired.high
    sigma = np.sqrt(0.05 * 0.95 / draws)
    assert found / draws < 0.05 + 3 * sigma
    assert missed / draws < 0.05 + 3 * sigma


@pytest.mark.slow
def test_the_bootstrap_of_equal_models_holds_0_as_often_as_stated() -> None:
    rng, draws, missed = np.random.default_rng(3), 20, 0
    for draw in range(draws):
        y, shared = rng.normal(size=150), rng.normal(size=150)
        old, new = (y + shared + rng.normal(size=150) for _ in range(2))
        paired = compare("regression", old, new, y, "rmse", seed=draw)
        assert paired.low is not None
        assert paired.high is not None
        assert paired.p is not None
        assert (paired.p <= 0.05) == (not paired.low <= 0 <= paired.high) or abs(paired.p - 0.05) < 0.01
        missed += not paired.low <= 0 <= paired.high
    assert missed / draws < 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


def test_pairing_finds_what_two_separate_intervals_hide() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(0, 10, 200)
    difficulty = rng.normal(0, 5, 200)
    old, new = y + difficulty + rng.normal(0, 0.3, 200) + 1.0, y + difficulty + rng.normal(0, 0.3, 200)
    for metric in ("mse", "mae", "rmse", "r2"):
        paired = compare("regression", old, new, y, metric)
        assert paired.old == scores("regression", old, y)[metric]
        assert paired.difference == paired.new - paired.old
        assert not paired.worse
    better = compare("regression", y + difficulty + 3.0, new, y, "rmse")
    assert better.better
    assert better.gain > 0
    assert compare("regression", new, y + difficulty + 3.0, y, "rmse").worse


def test_mcnemar_is_the_exact_test() -> None:
    reason = "statsmodels is the independent count; pip install statsmodels"
    theirs = pytest.importorskip("statsmodels.stats.contingency_tables", reason=reason)
    for gained, lost in ((8, 2), (3, 3), (0, 9), (40, 22)):
        rows = np.array([1.0] * gained + [-1.0] * lost + [0.0] * 50)
        expected = theirs.mcnemar([[25, lost], [gained, 25]], exact=True).pvalue
        assert mcnemar(rows) == pytest.approx(expected)
    assert mcnemar(np.zeros(20)) == 1.0


def test_real_models_on_real_rows() -> None:
    from sklearn.datasets import load_breast_cancer
    from sklearn.dummy import DummyClassifier
    from sklearn.naive_bayes import GaussianNB

    x, y = load_breast_cancer(return_X_y=True)
    old = DummyClassifier(strategy="prior").fit(x[::2], y[::2]).predict_proba(x[1::2])
    new = GaussianNB().fit(x[::2], y[::2]).predict_proba(x[1::2])
    for metric in ("val/accuracy", "roc_auc", "f1"):
        assert compare("classification", old, new, y[1::2], metric).better
    assert compare("classification", old, new, y[1::2], "val/loss").metric == "log_loss"


def test_equal_outputs_few_rows_and_numbers_that_are_none() -> None:
    y = np.arange(30) % 3
    same = np.full((30, 3), 1 / 3)
    paired = compare("classification", same, same, y, "accuracy")
    assert (paired.difference, paired.p, paired.better, paired.worse) == (0.0, 1.0, False, False)
    few = compare("classification", same[:9], np.eye(3)[y[:9]], y[:9], "accuracy")
    assert (few.p, few.better) == (None, False)
    assert "fewer than 10" in few.test
    broken = compare("classification", same, np.full((30, 3), np.nan), y, "log_loss")
    assert (broken.p, broken.low) == (None, None)


def test_what_cannot_be_compared_is_refused() -> None:
    y = np.arange(30) % 3
    same = np.full((30, 3), 1 / 3)
    with pytest.raises(DeployError, match="did you mean accuracy"):
        compare("classification", same, same, y, "accurcy")
    with pytest.raises(DeployError, match="row by row"):
        compare("classification", same, same[:-1], y, "accuracy")


def test_a_forecast_of_several_values_counts_its_rows_once() -> None:
    rng = np.random.default_rng(2)
    y = rng.normal(size=(50, 4))
    paired = compare("forecasting", y + 1.0, y + 0.1, y, "mae")
    assert paired.rows == 50
    assert paired.difference == pytest.approx(-0.9)
    assert paired.better
