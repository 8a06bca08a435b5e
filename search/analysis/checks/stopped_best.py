"""Would a stopped trial have ended best? Its end is foretold from those of trials that were seen to theirs.

Of each rung, the final score is a line in the rank that a trial had there, fitted around the stopped trial in question: near
ranks weigh most (a normal kernel), and each trial that was seen counts for as many as it stands for (Horvitz and Thompson
1952), for those that were let through say nothing of those that were not. What the seen ones scatter about the line, smoothed by
Silverman's rule, is what the stopped one may scatter: no law of errors is assumed, since those of trainings are skewed and
narrow towards the best. Resampling the seen trials (the Bayesian bootstrap, Rubin 1981) gives the interval.

Measured against the truth in benchmarks/doctor.py; docs/decisions/audit.md tells what it came to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from search.analysis.checks.traces import Floats
from search.analysis.thinning import evenly

__all__ = ["FEWEST", "Chance", "Rung", "chance_of_better"]

FEWEST = 4
"""Trials seen to their end whatever their rank, below which nothing is said of the stopped ones."""

DRAWS = 200
"""Resamplings of the trials that were seen."""

WIDTH = 0.15
"""Of the kernel, in ranks from 0 to 1."""

SMOOTHED = 0.5
"""Share of Silverman's bandwidth, 0.9 of the spread over the fifth root of the count."""

TAIL = 1.0
"""Final scores are cut off so many quartile ranges above the median: what comes apart has no say in how good ones end."""

MOST = 300
"""Stopped trials of a rung, evenly over their ranks, that stand for all, and as many seen ones."""

LEVELS = 24
"""Points of the integral that gives the loss."""


@dataclass(frozen=True)
class Rung:
    """The trials that were stopped at one step, and what is known there of those that were seen to their end.

    Attributes:
        stopped: ranks of the stopped ones among all that came there, 0 (best) to 1.
        seen: ranks there of those that were seen to their end.
        finals: their final scores.
        weights: how many trials each of them stands for, positive.
    """

    stopped: Floats
    seen: Floats
    finals: Floats
    weights: Floats


@dataclass(frozen=True)
class Chance:
    """Of a better one among the stopped. `low`, `high`: 95 %, by resampling the trials that were seen.

    `loss`: what the best of them is better by, 0 where it is not; mean, in the unit of the score.
    """

    mean: float
    low: float
    high: float
    loss: float


def chance_of_better(rungs: Sequence[Rung], best: float, rng: np.random.Generator) -> Chance:
    """That a stopped trial would have ended below `best`, the lowest score that was let through.

    Where all scores are positive, as losses are, the lines are of their logarithms. A rung where nobody was stopped adds
    nothing. Raises ValueError: a rung with fewer than `FEWEST` trials that were seen.
    """
    rungs = [rung for rung in rungs if len(rung.stopped)]
    if not rungs:
        return Chance(0.0, 0.0, 0.0, 0.0)
    few = min(len(rung.seen) for rung in rungs)
    if few < FEWEST:
        raise ValueError(f"a rung needs {FEWEST} trials that were seen to their end, got {few}")
    positive = min(best, *(float(rung.finals.min()) for rung in rungs)) > 0
    foretold = [_foretold(rung, positive) for rung in rungs]
    level = np.log(best) if positive else best
    none = np.zeros(DRAWS)
    for each in foretold:
        none += each.log_none_below(level, rng.exponential(size=(DRAWS, each.weights.shape[1])))
    chance = 1 - np.exp(none)
    low, high = np.quantile(chance, (0.025, 0.975))
    mean = float(chance.mean())
    return Chance(mean, min(float(low), mean), max(float(high), mean), _loss(foretold, level, positive))


@dataclass(frozen=True)
class _Foretold:
    """The ends of one rung's stopped trials, one a row: `ends`, one for each seen trial, with its `weights`, both (stopped,
    seen), and the `bandwidth` (stopped, 1) that smooths them. `each`: stopped trials that a row stands for.
    """

    ends: Floats
    weights: Floats
    bandwidth: Floats
    each: float

    def log_none_below(self, level: float, resampled: Floats) -> Floats:
        """log P(no end below `level`) for each row of `resampled`: (draws, seen), how often each seen trial counts."""
        below = self.weights * ndtr((level - self.ends) / self.bandwidth)
        chances = (resampled @ below.T) / (resampled @ self.weights.T)
        logs: Floats = self.each * np.log1p(-np.minimum(chances, 1 - 1e-12)).sum(axis=1)
        return logs


def _foretold(rung: Rung, positive: bool) -> _Foretold:
    some, seen = evenly(len(rung.stopped), MOST), evenly(len(rung.seen), MOST)
    at, ranks = np.sort(rung.stopped)[some][:, None], rung.seen[seen][None, :]
    finals = _cut(np.log(rung.finals) if positive else rung.finals)[seen][None, :]
    kernel = np.exp(-0.5 * ((at - ranks) / WIDTH) ** 2)
    weights = np.maximum(kernel, 1e-9) * rung.weights[seen][None, :]
    weights /= weights.sum(axis=1, keepdims=True)
    middle = (weights * ranks).sum(axis=1, keepdims=True)
    level = (weights * finals).sum(axis=1, keepdims=True)
    square = (weights * (ranks - middle) ** 2).sum(axis=1, keepdims=True)
    slope = (weights * (ranks - middle) * (finals - level)).sum(axis=1, keepdims=True) / np.maximum(
        square, 1e-9
    )
    rest = finals - level - slope * (ranks - middle)
    spread = np.sqrt((weights * rest**2).sum(axis=1, keepdims=True))
    count = 1 / (weights**2).sum(axis=1, keepdims=True)
    bandwidth = np.maximum(SMOOTHED * 0.9 * spread * count**-0.2, 1e-12)
    ends = level + slope * (at - middle) + rest
    return _Foretold(ends, weights, bandwidth, len(rung.stopped) / len(some))


def _loss(foretold: Sequence[_Foretold], best: float, positive: bool) -> float:
    """The mean of what is below `best`: the integral, over all levels below it, of the chance that an end is."""
    lowest = min(float((each.ends - 3 * each.bandwidth).min()) for each in foretold)
    if lowest >= best:
        return 0.0
    levels = np.linspace(lowest, best, LEVELS)
    none = [
        sum(each.log_none_below(level, np.ones((1, each.weights.shape[1])))[0] for each in foretold)
        for level in levels
    ]
    values = np.exp(levels) if positive else levels
    return float(np.trapezoid(1 - np.exp(none), values))


def _cut(values: Floats) -> Floats:
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    cut: Floats = np.minimum(values, middle + TAIL * (high - low))
    return cut
