"""Would a stopped trial have ended best? Its curve is continued as those of the trials that went on whatever their rank.

From each rung to the next, and from the last to the final score, a score is a line in the one before, with normal errors:
what a scheduler chooses by stands on the right of that line, so trials that it chose may help to fit it, as long as others
show that it holds where the stopped ones are. The usual reference prior (flat in the coefficients and in the log of the
error) gives draws of the lines; each continues every stopped trial, and the share of the draws in which one of them ends
ahead is the chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.analysis.checks.traces import Floats

__all__ = ["FEWEST", "Chance", "Passage", "chance_of_better"]

SETS, EACH = 200, 20
"""Draws of the lines, and continuations of each stopped trial under each ..."""

MOST = 5_000_000
"""... fewer, where there would be more than so many in all: they are held at once."""

FEWEST = 5
"""Trials below which no line with an error is fitted."""


@dataclass(frozen=True)
class Passage:
    """Scores at one rung and at the next (or final ones), of the same trials, and those of the trials `stopped` at it."""

    here: Floats
    there: Floats
    stopped: Floats


@dataclass(frozen=True)
class Chance:
    """Of a better one among the stopped. `low`, `high`: the central 95 % over the lines, stretched to hold the `mean`.

    `loss`: what the best of them is better by, 0 where it is not; mean.
    """

    mean: float
    low: float
    high: float
    loss: float


def chance_of_better(passages: Sequence[Passage], best: float, rng: np.random.Generator) -> Chance:
    """That a stopped trial would have ended below `best`; `passages` by rung, ascending.

    Where all scores are positive, as losses are, lines and errors are of their logarithms: large ones scatter more.
    Scores are cut off at three quartile ranges above their median: what comes apart has no say in how good ones go on.
    Raises ValueError: a passage with fewer than `FEWEST` trials.
    """
    scores = np.concatenate([np.concatenate([p.here, p.there, p.stopped]) for p in passages] + [[best]])
    if scores.min() > 0:
        logs = [Passage(np.log(p.here), np.log(p.there), np.log(p.stopped)) for p in passages]
        ahead, each = _ahead(logs, math.log(best), rng)
        ahead = best * -np.expm1(-ahead)
    else:
        ahead, each = _ahead(passages, best, rng)
    by_line = (ahead > 0).reshape(SETS, each).mean(axis=1)
    mean = float(by_line.mean())
    low, high = (float(bound) for bound in np.quantile(by_line, (0.025, 0.975)))
    return Chance(mean, min(low, mean), max(high, mean), float(ahead.mean()))


def _ahead(passages: Sequence[Passage], best: float, rng: np.random.Generator) -> tuple[Floats, int]:
    """By how much a stopped trial is below `best`, 0 where none is, and the draws under each line, side by side."""
    stopped = sum(len(passage.stopped) for passage in passages)
    each = max(1, min(EACH, MOST // (SETS * max(1, stopped))))
    draws = SETS * each
    at = np.empty((draws, 0))
    for passage in passages:
        at = np.concatenate(
            [at, np.broadcast_to(_cut(passage.stopped, passage.here), (draws, len(passage.stopped)))], axis=1
        )
        level, slope, error, middle = (np.repeat(v, each)[:, None] for v in _lines(passage, rng))
        at = level + slope * (at - middle) + error * rng.standard_normal(at.shape)
    return (np.maximum(0.0, best - at.min(axis=1)) if at.shape[1] else np.zeros(draws)), each


def _lines(passage: Passage, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
    """`SETS` draws of (level at the middle, slope, s.d. of the error), and the middle."""
    count = len(passage.here)
    if count < FEWEST:
        raise ValueError(f"a passage needs {FEWEST} trials, got {count}")
    here, there = _cut(passage.here, passage.here), _cut(passage.there, passage.there)
    middle = float(here.mean())
    x = here - middle
    square = float(x @ x) or 1.0
    slope = float(x @ there) / square
    rest = there - there.mean() - slope * x
    error = np.sqrt(float(rest @ rest) / rng.chisquare(count - 2, SETS))
    levels = there.mean() + error * rng.standard_normal(SETS) / np.sqrt(count)
    slopes = slope + error * rng.standard_normal(SETS) / np.sqrt(square)
    return levels, slopes, error, np.full(SETS, middle)


def _cut(values: Floats, like: Floats) -> Floats:
    low, middle, high = np.quantile(like, (0.25, 0.5, 0.75))
    cut: Floats = np.minimum(values, middle + 3 * (high - low))
    return cut
