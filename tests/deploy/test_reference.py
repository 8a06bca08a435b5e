"""What training data looked like: shares that later rows of the same kind have, too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from deploy.monitoring.drift import drift_of
from deploy.reference import LABELS, OTHER, Distribution


def _codes(rng: np.random.Generator, labels: int, rows: int) -> list[str]:
    return [f"c{number}" for number in rng.integers(0, labels, rows)]


@pytest.mark.parametrize(("labels", "rows", "later"), [(200, 400, 200), (150, 1000, 300), (3, 400, 100)])
def test_rows_of_the_same_kind_are_called_drifted_as_seldom_as_stated(
    labels: int, rows: int, later: int
) -> None:
    rng, draws, wrong = np.random.default_rng(0), 60, 0
    for _ in range(draws):
        seen = Distribution.of("code", _codes(rng, labels, rows))
        now = np.array(_codes(rng, labels, later), dtype=object)
        wrong += drift_of([seen], {"code": now})[0].adjusted <= 0.05
    assert wrong <= int(binom.ppf(0.999, draws, 0.05))


def test_few_labels_are_counted_in_all_rows_and_many_in_those_that_did_not_choose_them() -> None:
    few = Distribution.of("island", ["a"] * 50 + ["b"] * 30 + [None] * 20)
    assert (few.labels, few.shares, few.rows, few.missing) == (
        ("a", "b"),
        (0.625, 0.375),
        100,
        pytest.approx(0.2),
    )
    many = Distribution.of("code", _codes(np.random.default_rng(1), 300, 4000))
    assert (len(many.labels), many.labels[-1], many.rows) == (LABELS + 1, OTHER, 2000)
    assert sum(many.shares) == pytest.approx(1)
