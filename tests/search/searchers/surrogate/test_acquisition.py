"""Expected improvement: exact near the best, in order far from it; and the search finds peaks of any space."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from contracts.searchers import SPACES
from search.searchers.surrogate.acquisition import highest, log_improvement
from search.searchers.surrogate.encoding import Encoding


def test_it_is_the_integral() -> None:
    mean, deviation, best = np.array([0.0, 1.0, -2.0, 0.5]), np.array([1.0, 0.3, 0.5, 2.0]), 0.2
    draws = norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    gained = [np.maximum(best - (m + d * draws), 0).mean() for m, d in zip(mean, deviation, strict=True)]
    np.testing.assert_allclose(log_improvement(mean, deviation, best), np.log(gained), atol=5e-3)


def test_far_from_the_best_it_still_tells_points_apart() -> None:
    values = log_improvement(np.linspace(0.0, 1e6, 2000), np.ones(2000), 0.0)
    assert np.isfinite(values).all()
    assert (np.diff(values) < 0).all()


@pytest.mark.parametrize("name", ["floats", "mixed", "conditional", "constrained", "single values"])
def test_the_search_finds_a_peak(name: str) -> None:
    encoding = Encoding(SPACES[name])
    rng = np.random.default_rng(0)
    peak = encoding.snapped(rng.random((1, encoding.width)))
    start = encoding.snapped(rng.random((3, encoding.width)))

    def value(rows: np.ndarray) -> np.ndarray:
        return -np.square(rows - peak).sum(axis=1)

    found = highest(value, encoding, start, rng)
    assert value(found[:1])[0] > -1e-4
    assert (np.diff(value(found)) <= 0).all()
    assert len(np.unique(found.round(9), axis=0)) == len(found)
