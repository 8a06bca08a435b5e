"""Scaling: against scikit-learn, its bounds, its inverse, and what does not vary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from trainables.data.scaling import fit_scaler

KINDS = ("none", "minmax", "zscore", "robust")
VALUES = arrays(np.float64, (7, 3), elements=st.floats(-1e6, 1e6, width=32))


@pytest.mark.parametrize(
    ("kind", "reference"), [("minmax", MinMaxScaler), ("zscore", StandardScaler), ("robust", RobustScaler)]
)
def test_the_numbers_are_those_of_scikit_learn(kind: str, reference: Any) -> None:
    rng = np.random.default_rng(0)
    train, other = rng.normal(3, 5, (50, 4)), rng.normal(3, 5, (20, 4))
    train[:, 3] = 7.0
    np.testing.assert_allclose(
        fit_scaler(train, kind).apply(other), reference().fit(train).transform(other), atol=1e-12
    )


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(values=VALUES)
def test_it_is_finite_and_can_be_undone(kind: str, values: Any) -> None:
    scaler = fit_scaler(values, kind)
    scaled = scaler.apply(values)
    assert np.isfinite(scaled).all()
    np.testing.assert_allclose(scaler.undo(scaled), values, rtol=1e-9, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(values=VALUES)
def test_minmax_is_between_0_and_1_and_zscore_has_deviation_1(values: Any) -> None:
    scaled = fit_scaler(values, "minmax").apply(values)
    assert scaled.min() >= 0
    assert scaled.max() <= 1 + 1e-12
    scaled = fit_scaler(values, "zscore").apply(values)
    varies = np.ptp(values, axis=0) > 1e-3 * np.abs(values).max(axis=0)
    np.testing.assert_allclose(scaled[:, varies].std(axis=0), 1.0, rtol=1e-6)


def test_channels_of_images_keep_their_type_and_place() -> None:
    pixels = np.random.default_rng(0).random((10, 4, 5, 3)).astype(np.float32) * [1, 10, 100]
    scaled = fit_scaler(pixels.astype(np.float32), "zscore").apply(pixels.astype(np.float32))
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=(0, 1, 2)), 1, atol=1e-5)


def test_missing_values_are_passed_over() -> None:
    values = np.array([[1.0], [np.nan], [3.0]])
    assert fit_scaler(values, "zscore").centre == [2.0]
    assert fit_scaler(values, "robust").centre == [2.0]
