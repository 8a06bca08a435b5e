"""The process: its posterior is the textbook's, its fit climbs, and what it imagines moves no mean."""

from __future__ import annotations

import numpy as np
import pytest

from search.searchers.surrogate import process as module
from search.searchers.surrogate.process import Hyper, Process, fitted

CATEGORIES = np.array([0, 0, 3])


def _data(n: int = 30, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, s = rng.random((n, 3)), rng.integers(0, 3, n).astype(float)
    x[:, 2] = (np.floor(3 * x[:, 2]) + 0.5) / 3
    y = np.sin(5 * x[:, 0]) + (x[:, 2] > 0.6) + 0.05 * rng.normal(size=n)
    return x, s, (y - y.mean()) / y.std()


def _covariance(hyper: Hyper, x: np.ndarray, s: np.ndarray, other: np.ndarray, t: np.ndarray) -> np.ndarray:
    """As the module's docstring has it, one pair at a time."""
    found = np.empty((len(x), len(other)))
    for i, (p, a) in enumerate(zip(x, s, strict=True)):
        for j, (q, b) in enumerate(zip(other, t, strict=True)):
            apart = [(p[0] - q[0]) ** 2, (p[1] - q[1]) ** 2, float(p[2] != q[2])]
            r = np.sqrt(5 * np.sum(apart / hyper.lengths**2))
            found[i, j] = hyper.scale * (1 + r + r * r / 3) * np.exp(-r) * hyper.rho ** abs(a - b)
    return found


def test_the_posterior_is_the_textbooks() -> None:
    x, s, y = _data()
    hyper = Hyper(np.array([0.4, 1.5, 0.9]), 1.3, 0.01, 0.8)
    new, rungs = _data(7, seed=1)[0], np.full(7, 2.0)
    mean, deviation = Process(hyper, x, s, y, CATEGORIES).predict(new, 2.0)
    inverse = np.linalg.inv(_covariance(hyper, x, s, x, s) + hyper.noise * np.eye(len(x)))
    across = _covariance(hyper, new, rungs, x, s)
    np.testing.assert_allclose(mean, across @ inverse @ y, atol=1e-8)
    np.testing.assert_allclose(deviation**2, hyper.scale - np.diag(across @ inverse @ across.T), atol=1e-8)


def test_the_slope_of_the_fit_is_the_one_of_its_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    x, s, y = _data()
    seen = {}
    minimize = module.minimize

    def spy(loss, start, **options):  # type: ignore[no-untyped-def]
        seen.update(loss=loss, start=start)
        return minimize(loss, start, **options)

    monkeypatch.setattr(module, "minimize", spy)
    fitted(x, s, y, CATEGORIES)
    theta, loss = seen["start"] + 0.1, seen["loss"]
    numeric = [
        (loss(theta + 1e-6 * unit)[0] - loss(theta - 1e-6 * unit)[0]) / 2e-6 for unit in np.eye(len(theta))
    ]
    np.testing.assert_allclose(loss(theta)[1], numeric, rtol=1e-4, atol=1e-4)


def test_the_fit_tells_what_matters() -> None:
    x, s, y = _data(60)
    lengths = fitted(x, s, y, CATEGORIES).lengths
    assert lengths[0] < lengths[1]
    assert lengths[2] < lengths[1]


def test_what_a_short_training_says_of_a_long_one_is_learnt() -> None:
    rng = np.random.default_rng(0)
    x = np.repeat(rng.random((30, 3)), 2, axis=0)
    s = np.tile([0.0, 2.0], 30)
    alike, unlike = np.sin(5 * x[:, 0]), np.where(s == 0, rng.normal(size=60), np.sin(5 * x[:, 0]))
    rhos = [fitted(x, s, (y - y.mean()) / y.std(), np.zeros(3, int)).rho for y in (alike, unlike)]
    assert rhos[0] > rhos[1]


def test_imagining_moves_no_mean_and_leaves_less_to_learn() -> None:
    x, s, y = _data()
    process = Process(fitted(x, s, y, CATEGORIES), x, s, y, CATEGORIES)
    new = np.vstack([_data(5, seed=1)[0], x[:1], x[:1]])  # two workers are where one was before
    mean, deviation = process.predict(new, 2.0)
    later_mean, later = process.imagining(new, 2.0).predict(new, 2.0)
    np.testing.assert_allclose(later_mean, mean, atol=1e-6)
    assert (later < 0.1 * deviation).all()
    assert process.imagining(new[:0], 2.0) is process
