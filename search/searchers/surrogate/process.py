"""A Gaussian process over configs and training steps.

Covariance of (x, s) and (x', s'): a * Matern52(x, x') * rho**|s - s'|, with a length scale for each parameter, and s the
logarithm of the step in rungs. So a short training tells of a long one of the same config as far as rho, which is
fitted too, says; with one step only it is the plain process. Categories are equal or not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize

__all__ = ["Hyper", "Process", "fitted"]

Array = npt.NDArray[np.float64]

_ROOT5 = math.sqrt(5.0)
_LEAST_NOISE = 1e-6


@dataclass(frozen=True)
class Hyper:
    """What is fitted: `lengths` shape (parameters,), `scale` and `noise` variances, `rho` the correlation of two rungs."""

    lengths: Array
    scale: float
    noise: float
    rho: float


def fitted(x: Array, s: Array, y: Array, categories: npt.NDArray[np.int_], iterations: int = 40) -> Hyper:
    """The most probable hyperparameters (L-BFGS on their logarithms, one start).

    Priors: lengths as Hvarfner et al. 2024 ("Vanilla Bayesian Optimization Performs Great in High Dimensions"), which
    lets a parameter fall out rather than overfit it; a log-normal noise around 1e-3 of the variance; rho near 0.9.

    Args:
        x: shape (n, d), places in the unit cube. s: shape (n,). y: shape (n,), about zero mean and unit variance.
        categories: shape (d,), values of a category; 0 = a number.
    """
    n, d = x.shape
    apart = _squared_by_column(x, categories)
    rungs = np.abs(s[:, None] - s[None, :])
    several = bool(rungs.any())
    middle, spread = math.sqrt(2.0) + 0.5 * math.log(max(d, 1)), math.sqrt(3.0)
    eye = np.eye(n)

    def loss(theta: Array) -> tuple[float, Array]:
        lengths, scale, noise = np.exp(theta[:d]), math.exp(theta[d]), math.exp(theta[d + 1])
        rho = 1.0 / (1.0 + math.exp(-theta[d + 2]))
        inverse = lengths**-2.0
        root = np.sqrt(5.0 * (apart @ inverse))
        decay = np.exp(-root)
        along = rho**rungs
        smooth = (1.0 + root + root * root / 3.0) * decay * along
        covariance = scale * smooth + (noise + _LEAST_NOISE) * eye
        try:
            factor = cho_factor(covariance, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        weights = cho_solve(factor, y, check_finite=False)
        inner = np.outer(weights, weights) - cho_solve(factor, eye, check_finite=False)
        value = 0.5 * y @ weights + np.log(np.diag(factor[0])).sum()
        slope = np.empty_like(theta)
        steep = inner * (scale * 5.0 / 3.0) * (1.0 + root) * decay * along
        slope[:d] = -0.5 * np.tensordot(steep, apart, axes=([0, 1], [0, 1])) * inverse
        slope[d] = -0.5 * scale * float((inner * smooth).sum())
        slope[d + 1] = -0.5 * noise * float(np.trace(inner))
        slope[d + 2] = -0.5 * scale * float((inner * smooth * rungs).sum()) * (1.0 - rho) if several else 0.0
        away = theta[:d] - middle
        value += float((theta[:d] + away**2 / (2 * spread**2)).sum())
        slope[:d] += 1.0 + away / spread**2
        value += (
            0.5 * theta[d] ** 2 + 0.5 * ((theta[d + 1] + 6.0) / 1.5) ** 2 + 0.5 * (theta[d + 2] - 2.2) ** 2
        )
        slope[d] += theta[d]
        slope[d + 1] += (theta[d + 1] + 6.0) / 1.5**2
        slope[d + 2] += theta[d + 2] - 2.2
        return value, slope

    start = np.concatenate([np.full(d, math.log(0.5 * math.sqrt(max(d, 1)) / 1.5)), [0.0, -5.0, 2.2]])
    bounds = [(-4.0, 6.0)] * d + [(-4.0, 4.0), (-12.0, 1.0), (-3.0, 6.0)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": iterations})
    theta = found.x
    return Hyper(
        np.exp(theta[:d]),
        math.exp(theta[d]),
        math.exp(theta[d + 1]) + _LEAST_NOISE,
        1.0 / (1.0 + math.exp(-theta[d + 2])),
    )


class Process:
    """The posterior, given observations and hyperparameters. Means and deviations are in the units of `y`."""

    def __init__(self, hyper: Hyper, x: Array, s: Array, y: Array, categories: npt.NDArray[np.int_]) -> None:
        self._hyper, self._categories = hyper, categories
        self._x, self._s, self._y = self._scaled(x), s, y
        covariance = self._covariance(self._x, s, self._x, s)
        covariance[np.diag_indices_from(covariance)] += hyper.noise
        self._lower = np.linalg.cholesky(covariance)
        self._weights = cho_solve((self._lower, True), y, check_finite=False)

    def predict(self, x: Array, s: float) -> tuple[Array, Array]:
        """Mean and standard deviation (without noise) of each row of `x` at the rung `s`, shape (m,) each."""
        across = self._covariance(self._scaled(x), np.full(len(x), s), self._x, self._s)
        mean = across @ self._weights
        half = solve_triangular(self._lower, across.T, lower=True, check_finite=False)
        variance = self._hyper.scale - np.einsum("ij,ij->j", half, half)
        return mean, np.sqrt(np.maximum(variance, 1e-12))

    def imagining(self, x: Array, s: float) -> Process:
        """The same, had the rows of `x` come out at `s` as predicted (Ginsbourger et al. 2010, the kriging believer).

        Without noise: nothing more is to be learnt there, or workers would pile up where the scores are noisy.
        """
        if not len(x):
            return self
        mean, _ = self.predict(x, s)
        other = object.__new__(Process)
        other._hyper, other._categories = self._hyper, self._categories
        scaled, rungs = self._scaled(x), np.full(len(x), s)
        across = self._covariance(scaled, rungs, self._x, self._s)
        below = solve_triangular(self._lower, across.T, lower=True, check_finite=False)
        rest = self._covariance(scaled, rungs, scaled, rungs) - below.T @ below
        rest[np.diag_indices_from(rest)] += _LEAST_NOISE * self._hyper.scale
        other._lower = np.block(
            [[self._lower, np.zeros((len(self._x), len(x)))], [below.T, np.linalg.cholesky(rest)]]
        )
        other._x, other._s = np.vstack([self._x, scaled]), np.concatenate([self._s, rungs])
        other._y = np.concatenate([self._y, mean])
        other._weights = cho_solve((other._lower, True), other._y, check_finite=False)
        return other

    def _scaled(self, x: Array) -> Array:
        """Columns in length scales; a category as one column a value, so that any two lie 1 / length apart."""
        lengths, plain = self._hyper.lengths, self._categories == 0
        parts = [x[:, plain] / lengths[plain]]
        for column in np.flatnonzero(~plain):
            values = np.arange(self._categories[column])
            is_value = _value(x[:, column], self._categories[column])[:, None] == values
            parts.append(is_value / (lengths[column] * math.sqrt(2.0)))
        return np.hstack(parts)

    def _covariance(self, x: Array, s: Array, other: Array, t: Array) -> Array:
        squared = (x**2).sum(1)[:, None] + (other**2).sum(1)[None, :] - 2.0 * (x @ other.T)
        root = np.sqrt(5.0 * np.maximum(squared, 0.0))
        covariance = self._hyper.scale * (1.0 + root + root * root / 3.0) * np.exp(-root)
        if np.ptp(np.concatenate([s, t])) > 0:
            covariance *= self._hyper.rho ** np.abs(s[:, None] - t[None, :])
        return np.asarray(covariance)


def _value(places: Array, count: int) -> npt.NDArray[np.int_]:
    """Which of `count` values each place in the unit interval stands for."""
    return np.minimum(places * count, count - 1).astype(int)


def _squared_by_column(x: Array, categories: npt.NDArray[np.int_]) -> Array:
    """Squared differences, shape (n, n, d); of a category 0 or 1."""
    apart = (x[:, None, :] - x[None, :, :]) ** 2
    unordered = categories > 0
    apart[:, :, unordered] = apart[:, :, unordered] > 0
    return np.asarray(apart)
