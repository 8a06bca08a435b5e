"""Kendall's tau is scipy's, weights count as repeats, and its interval covers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from search.analysis.checks.rank_agreement import kendall, kendall_interval


def test_it_is_tau_b() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 6, 30).astype(float), rng.integers(0, 6, 30).astype(float)
    assert kendall(x, y) == pytest.approx(stats.kendalltau(x, y).statistic)


def test_a_constant_has_no_ranks() -> None:
    assert math.isnan(kendall(np.ones(5), np.arange(5.0)))


def test_a_weight_counts_as_so_many() -> None:
    x, y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])
    twice = [0, 1, 1, 2]
    assert kendall(x, y, np.array([1.0, 2.0, 1.0])) == pytest.approx(kendall(x[twice], y[twice]), abs=0.05)


def test_the_interval_covers() -> None:
    rng = np.random.default_rng(1)
    rho = 0.6
    truth, hits = 2 / math.pi * math.asin(rho), 0
    for _ in range(1000):
        x = rng.standard_normal(30)
        y = rho * x + math.sqrt(1 - rho**2) * rng.standard_normal(30)
        interval = kendall_interval(kendall(x, y), 30)
        assert interval is not None
        hits += interval[0] <= truth <= interval[1]
    assert 0.92 <= hits / 1000 <= 0.98


def test_few_places_have_no_interval() -> None:
    assert kendall_interval(0.5, 5) is None
    assert kendall_interval(math.nan, 30) is None
