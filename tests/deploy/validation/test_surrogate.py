"""A linear model around one row finds what is linear, and says where it does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from deploy.validation.surrogate import explain_row


def test_a_linear_model_is_found_again() -> None:
    true = np.array([0.5, -1.0, 0.0, 2.0])
    found = explain_row(lambda masks: 3 + masks @ true, 4, np.random.default_rng(0))
    assert found.effects == pytest.approx(true, abs=0.05)
    assert found.base == pytest.approx(3, abs=0.05)
    assert found.fit > 0.99


def test_what_is_not_linear_has_a_poor_fit() -> None:
    found = explain_row(lambda masks: (masks.sum(axis=1) % 2).astype(float), 6, np.random.default_rng(0))
    assert found.fit < 0.5


def test_a_constant_model_has_no_effects_and_one_part_is_enough() -> None:
    found = explain_row(lambda masks: np.ones(len(masks)), 1, np.random.default_rng(0))
    assert found.effects == pytest.approx([0.0], abs=1e-9)
    assert found.fit == 1.0
