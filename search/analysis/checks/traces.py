"""What the checks of training curves share: a metric over the steps of a trial, its noise, and tests that fit both.

Steps are few (tens), noise is of unknown shape, and a gap is a fact: values that are missing or not finite are left out,
the others keep their step. Tests are of ranks, so that neither a spike nor the unit of a metric decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from search.analysis.parts import TRAIN, VALID, split_part
from search.analysis.ranking import ranked
from search.analysis.thinning import evenly
from search.history import History
from search.trial import Outcome, Trial

__all__ = [
    "LEVEL",
    "TOP",
    "Floats",
    "Pair",
    "Trace",
    "at_full_length",
    "falling",
    "loss_pair",
    "noise",
    "noise_near",
    "objective_of",
    "smooth",
    "trace_of",
    "typical",
]

Floats = np.ndarray[Any, np.dtype[np.float64]]

LEVEL = 0.01
"""One-sided level of a test of one curve."""

TOP = 10
"""Trials that count as the top."""

SAMPLE = 50
"""Trials, spread evenly over the ranks, that stand for all where a check asks about the typical one."""

_LOSSES = ("loss", "nll", "error", "err", "mse", "rmse", "mae", "perplexity", "crossentropy", "cross_entropy")


@dataclass(frozen=True)
class Trace:
    """One metric of one trial: its finite values, and the steps (ascending, from 1) at which they were reported."""

    steps: Floats
    values: Floats

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Pair:
    """The names of one loss on the training and on the validation rows; both are better when smaller."""

    train: str
    valid: str


def trace_of(trial: Trial, metric: str) -> Trace:
    """`metric` over the steps of `trial`."""
    return _trace((result.step, result.metrics.get(metric)) for result in trial.results)


def objective_of(trial: Trial) -> Trace:
    """The score over the steps of `trial`: the objective, made smaller-is-better."""
    return _trace((result.step, result.score) for result in trial.results)


def _trace(points: Iterable[tuple[int, float | None]]) -> Trace:
    kept = [(step, value) for step, value in points if value is not None and math.isfinite(value)]
    both = np.array(kept, dtype=float).reshape(-1, 2)
    return Trace(both[:, 0], both[:, 1])


def at_full_length(history: History) -> list[Trial]:
    """Trials that were seen to their end, best first: nobody stopped them, so how they end is their own doing."""
    return [trial for trial in ranked(history) if trial.outcome is Outcome.COMPLETED]


def typical(trials: list[Trial]) -> list[Trial]:
    """At most `SAMPLE` of `trials`, evenly over their order."""
    return [trials[i] for i in evenly(len(trials), SAMPLE)]


def loss_pair(history: History, trials: list[Trial]) -> Pair | None:
    """The loss that `trials` report of both training and validation rows; None where there is none.

    Names are told by their ends: `train/loss` and `val/loss`, `train_mse` and `valid_mse`, `training.loss` and
    `validation.loss`. A metric counts as a loss by its name, or as the objective that is minimised. Of several, the one
    named `loss` comes first, then the others by name.
    """
    names = {name for trial in trials if trial.results for name in trial.results[-1].metrics}
    objective = history.problem.objective
    found = []
    for name in sorted(names):
        part, kind = split_part(name)
        minimised = name == objective.metric and objective.goal == "minimize"
        if part not in VALID or not (minimised or kind.rpartition("_")[2] in _LOSSES or kind in _LOSSES):
            continue
        found += [
            (kind != "loss", not minimised, Pair(other, name))
            for other in sorted(names)
            if (split := split_part(other))[0] in TRAIN and split[1] == kind
        ]
    return min(found, key=lambda each: each[:2])[2] if found else None


def noise(values: Floats) -> float:
    """Standard deviation of independent noise around a smooth curve.

    From second differences, which a straight piece does not enter: their median magnitude, for a normal
    distribution, over the root of 1 + 4 + 1. The second half of the curve only, where it has bent; NaN below 6 values.
    """
    if len(values) < 6:
        return math.nan
    late = values[min(len(values) // 2, len(values) - 6) :]
    return float(np.median(np.abs(np.diff(late, 2))) / 0.6745 / math.sqrt(6))


def noise_near(values: Floats, at: int) -> float:
    """The larger of the late `noise` and that around index `at`: a learning rate that comes down takes its noise along."""
    reach = max(8, len(values) // 4)
    around = noise(values[max(0, at - reach) : at + reach])
    return max(noise(values), 0.0 if math.isnan(around) else around)


def smooth(values: Floats, width: int) -> Floats:
    """Centred running medians over `width` values (odd), fewer at the ends."""
    half = width // 2
    return np.array([np.median(values[max(0, i - half) : i + half + 1]) for i in range(len(values))])


def falling(values: Floats) -> float:
    """One-sided p of Mann's trend test (1945) that `values` do not fall: exact up to 40 values, normal beyond.

    Ties count for neither side, which makes it cautious.
    """
    count = len(values)
    signs = np.sign(values[:, None] - values[None, :])
    concordant = int(np.triu(signs, 1).sum())  # pairs that fall, less those that rise
    if count < 3:
        return 1.0
    if count > 40:
        deviation = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
        return 0.5 * math.erfc((concordant - 1) / deviation / math.sqrt(2))
    pairs = count * (count - 1) // 2
    rising_at_most = (pairs - concordant) // 2
    return float(_inversions(count)[: rising_at_most + 1].sum())


@cache
def _inversions(count: int) -> Floats:
    """Share of the permutations of `count` values that have 0, 1, 2, ... inversions."""
    shares = np.ones(1)
    for size in range(2, count + 1):
        shares = np.convolve(shares, np.full(size, 1 / size))
    return shares
