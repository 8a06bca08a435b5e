"""Calibration: closed forms, the temperature that was put in, and the error rate of its test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from deploy.validation.calibration import (
    at_temperature,
    ece,
    ece_by_chance,
    fit_temperature,
    log_losses,
    reliability,
)
from deploy.validation.intervals import mean_interval, share_interval


def _honest(rng: np.random.Generator, rows: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and answers that come true with just them."""
    probabilities = rng.dirichlet(np.ones(classes), rows)
    y = (rng.random((rows, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, np.minimum(y, classes - 1)


def test_error_and_bins_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.4, 0.6], [0.3, 0.7]])
    y = np.array([0, 1, 1, 1])
    assert ece(probabilities, y) == pytest.approx(0.5 * 0.45 + 0.25 * 0.4 + 0.25 * 0.3)
    bins = reliability(probabilities, y)
    assert [each.rows for each in bins] == [1, 1, 2]
    assert bins[-1].accuracy == 0.5
    assert bins[-1].confidence == pytest.approx(0.95)
    assert np.isnan(ece(probabilities[:0], y[:0]))
    assert ece(np.array([[1.0, 0.0]]), np.array([0])) == 0


def test_a_certain_wrong_answer_costs_a_finite_loss() -> None:
    assert np.isfinite(log_losses(np.array([[1.0, 0.0]]), np.array([1]))).all()


def test_the_temperature_that_was_put_in_is_found_and_keeps_the_answers() -> None:
    probabilities, y = _honest(np.random.default_rng(0), 4_000)
    for temperature in (0.5, 3.0):
        sharpened = at_temperature(probabilities, 1 / temperature)
        assert fit_temperature(sharpened, y) == pytest.approx(temperature, rel=0.15)
        mended = at_temperature(sharpened, temperature)
        assert mended == pytest.approx(probabilities, abs=1e-6)
        assert (mended.argmax(axis=1) == sharpened.argmax(axis=1)).all()


def test_an_honest_model_is_called_miscalibrated_in_one_case_of_twenty_at_most() -> None:
    rng, draws = np.random.default_rng(1), 300
    wrong = 0
    for _ in range(draws):
        probabilities, y = _honest(rng, 100)
        chance = ece_by_chance(probabilities, rng, draws=99)
        wrong += (1 + (chance >= ece(probabilities, y)).sum()) / 100 <= 0.05
    assert wrong <= binom.ppf(0.999, draws, 0.05)
    assert wrong > 0


def test_a_model_that_is_too_sure_is_found() -> None:
    rng = np.random.default_rng(2)
    probabilities, y = _honest(rng, 300)
    sure = at_temperature(probabilities, 0.3)
    assert ece(sure, y) > np.quantile(ece_by_chance(sure, rng), 0.99)


def test_intervals_hold_and_know_their_ends() -> None:
    rng, draws = np.random.default_rng(3), 1500
    inside = sum(
        low <= 0.9 <= high for low, high in (share_interval(rng.binomial(40, 0.9), 40) for _ in range(draws))
    )
    assert inside / draws == pytest.approx(0.95, abs=0.02)
    assert share_interval(40, 40)[1] == 1.0
    assert share_interval(0, 0) == (0.0, 1.0)
    inside = sum(
        low <= 2 <= high for low, high in (mean_interval(rng.normal(2, 1, 12)) for _ in range(draws))
    )
    assert inside / draws == pytest.approx(0.95, abs=0.02)
    assert mean_interval(np.ones(1)) == (-np.inf, np.inf)
