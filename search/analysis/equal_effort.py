"""The best of so many trials: what to expect of it, how sure that is, and whether two groups of trials differ in it.

A value that had more trials looks better for that alone, so groups are compared by the expected best of equally many
trials each (Dodge et al. 2019, "Show Your Work"). Resampling the trials would give far too narrow an interval: no
resample is ever better than the best trial seen, and one that is drawn as often as there are trials holds what it should
in half of the cases. The interval here is a parametric bootstrap-t (Efron 1982) in the lower tail (see `intervals`); how
often it holds is measured by `benchmarks/isolation.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["LEVEL", "expected_bests", "intervals", "same_distribution"]

LEVEL = 0.05
"""Two-sided: intervals are of 95 %."""

_DRAWS, _LARGEST = (
    8000,
    200,
)  # reference samples, and trials in each: beyond, only the share drawn of them matters
_PARTS = (
    0.4,
    0.2,
)  # with 0.5 it holds too seldom for few trials near a sharp bottom; what 0.2 adds is a shorter reach
_EULER = 0.5772156649015329
_PERMUTATIONS = 4999
_CELLS = 10_000_000  # permutations times trials
_FEWEST = 999
_UNFELT, _LOOK = 1e-15, 16  # weight of a score; scores after which it is looked whether the others are felt

Array = npt.NDArray[np.float64]


def expected_bests(scores: npt.ArrayLike, efforts: Sequence[float]) -> Array:
    """The expected smallest of k of the scores, drawn without replacement, exactly.

    Args:
        scores: (..., n), finite, in any order.
        efforts: k, from 1 to n; between whole numbers it is interpolated smoothly.

    Returns:
        (..., number of efforts)
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64), axis=-1)
    return np.asarray(ordered @ _weights(ordered.shape[-1], efforts).T, dtype=np.float64)


def intervals(scores: Sequence[float] | Array, efforts: Sequence[float]) -> Array:
    """95 % intervals of the expected best of k fresh trials like these, (number of efforts, 2); the lower end first.

    The error of the estimate is measured in units of what less effort would lose, E(part of k) - E(k), once for each of two
    parts. The distribution of that ratio is simulated for samples whose best-of-k has the Gumbel distribution (the limit for
    thin tails; with shorter ones the interval holds more often than it says). What both intervals hold is the answer. It
    reaches further towards better values, for nothing better than the best trial has been seen. `efforts`: from 2 to n.
    """
    n = len(scores)
    size = min(n, _LARGEST)
    scaled = tuple(float(min(size, max(k * size / n, min(k, 5.0)))) for k in efforts)
    best = expected_bests(scores, efforts)
    lows, highs = [], []
    for part in _PARTS:
        unit = expected_bests(scores, [k * part for k in efforts]) - best
        ratios = _ratios(size, scaled, part)
        lows.append(best - ratios[:, 1] * unit)
        highs.append(best - ratios[:, 0] * unit)
    return np.column_stack([np.minimum(np.max(lows, axis=0), best), np.maximum(np.min(highs, axis=0), best)])


def same_distribution(
    first: npt.ArrayLike, second: npt.ArrayLike, blocks: npt.ArrayLike, effort: float, seed: int
) -> float:
    """p of the two-sided permutation test that it does not matter to which of two groups a trial belongs.

    The statistic is the difference of the expected bests of `effort` trials. Trials change places within their block only.

    Args:
        first, second: scores of the two groups.
        blocks: a whole number for each trial, those of `first` before those of `second`.
        effort: at least 1, at most the size of the smaller group.
        seed: of the permutations (4,999, and fewer of many trials).
    """
    scores = np.concatenate([np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)])
    order = np.argsort(scores, kind="stable")
    n, own = len(scores), len(np.asarray(first))
    block = np.unique(np.asarray(blocks), return_inverse=True)[1][order]
    mine = order < own
    weights = _felt(_weights(own, [effort])[0]), _felt(_weights(n - own, [effort])[0])
    rounds = max(_FEWEST, min(_PERMUTATIONS, _CELLS // n))
    left = np.bincount(block, weights=mine).astype(np.int64)[:, None] * np.ones(rounds, dtype=np.int64)
    size = np.bincount(block)
    rng = np.random.default_rng(seed)
    seen, drawn = np.zeros(1), np.zeros(rounds)
    ranks = np.zeros(1, dtype=np.intp), np.zeros(rounds, dtype=np.intp)
    for place, score in enumerate(scores[order]):  # the membership of each in turn, given those before it
        inside = block[place]
        if place % _LOOK == 0 and all(
            min(rank.min() - len(weights[0]), (place - rank).min() - len(weights[1])) >= 0 for rank in ranks
        ):
            break  # nothing that is still to come has a weight
        ours = rng.random(rounds) * size[inside] < left[inside]
        left[inside] -= ours
        size[inside] -= 1
        for total, rank, member in ((seen, ranks[0], mine[place, None]), (drawn, ranks[1], ours)):
            weight = np.where(member, _at(weights[0], rank), -_at(weights[1], place - rank))
            total += weight * score
            rank += member
    slack = 1e-12 * float(np.abs(scores).max() or 1.0)
    return (1 + int(np.sum(np.abs(drawn) >= abs(seen[0]) - slack))) / (1 + rounds)


def _felt(weights: Array) -> Array:
    """The weights up to the last one that is felt, and a 0 for all others."""
    return np.append(weights[: int(np.searchsorted(-weights, -_UNFELT))], 0.0)


def _at(weights: Array, rank: npt.NDArray[np.intp]) -> Array:
    return np.asarray(weights[np.minimum(rank, len(weights) - 1)], dtype=np.float64)


def _weights(n: int, efforts: Sequence[float]) -> Array:
    """(efforts, n): the chance that the i-th smallest of n is the smallest of k drawn, C(n - i, k - 1) / C(n, k)."""
    k = np.clip(np.asarray(efforts, dtype=np.float64), 1.0, n)[:, None]
    i = np.arange(1, n)[None, :]
    ratio = np.maximum(n - i - k + 1, 0.0) / (n - i)
    weights = np.hstack([np.ones((len(k), 1)), np.cumprod(ratio, axis=1)])
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)


@lru_cache(maxsize=128)
def _ratios(n: int, efforts: tuple[float, ...], part: float) -> Array:
    """(efforts, 2): quantiles of (estimated - true E(k)) / (estimated E(part of k) - E(k)) in samples of n with a Gumbel
    tail."""
    samples = _reference(n)
    best, less = (samples @ _weights(n, [k * share for k in efforts]).T for share in (1.0, part))
    true = -_EULER - np.log(np.asarray(efforts))
    ratios = (best - true) / np.maximum(less - best, 1e-300)
    return np.asarray(np.quantile(ratios, (LEVEL / 2, 1 - LEVEL / 2), axis=0).T, dtype=np.float64)


@lru_cache(maxsize=4)
def _reference(n: int) -> Array:
    """Ordered samples of log Exp(1), by the spacings of exponential order statistics (Renyi 1953)."""
    spacings = np.random.default_rng(0).exponential(size=(_DRAWS, n)) / np.arange(n, 0, -1)
    return np.asarray(np.log(np.cumsum(spacings, axis=1)), dtype=np.float64)
