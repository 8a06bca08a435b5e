"""fANOVA: which parameters explain the variance of the value over the whole space? The adapter to Optuna's evaluator.

Hutter, Hoos and Leyton-Brown 2014, "An Efficient Approach for Assessing Hyperparameter Importance" (ICML). Parameters
enter on their own scale (a logarithmic one by its logarithm): Optuna integrates over the plain values, which would give
nearly all the weight of a log scale to its last decade.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from search.analysis.axes import Axis

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

__all__ = ["FANOVA_TRIALS", "fanova", "fanova_deviation"]

FANOVA_TRIALS = 250
"""Trials that enter at most: its cost grows faster than the square of the trials, 46 s at 1,500."""

FOREST = 32
"""Trees: half of Optuna's default, for half the time; what that adds to a share is in its interval."""

RESAMPLES, FEWEST, TREES = 12, 8, 2
HUGE = 1e100
"""Scores beyond it are scaled down, which shares do not feel: their squares would exceed a float."""

WORK = 25_000
"""Trials x parameters x resamples at most (but never fewer than `FEWEST` resamples): about two seconds."""

Floats = np.ndarray[Any, np.dtype[np.float64]]


def fanova(axes: Sequence[Axis], places: Floats, scores: Floats, seed: int) -> Floats:
    """Share of each axis, shape (axes,), sum 1; all NaN where the forest explains nothing.

    `places`: shape (trials, axes), as `Axis.place` gives them, none missing. `scores`: shape (trials,).
    """
    with _quiet():
        return _shares(len(axes), _study(_frozen(axes, places, scores)), FOREST, seed)


def fanova_deviation(axes: Sequence[Axis], places: Floats, scores: Floats, seed: int) -> tuple[Floats, int]:
    """Standard deviation of each share under other trials of the same search, shape (axes,); and the resamples it took.

    Trials are drawn again with repeats. Each resample is judged by two small forests: what differs between those is the
    doing of the forests, and is taken off the variance between resamples.
    """
    count = len(scores)
    resamples = max(FEWEST, min(RESAMPLES, WORK // (count * len(axes))))
    rng = np.random.default_rng(seed)
    with _quiet():
        trials = _frozen(axes, places, scores)
        found = []
        for draw in range(resamples):
            study = _study([trials[i] for i in rng.integers(0, count, count)])
            found.append(np.stack([_shares(len(axes), study, TREES, 2 * draw + side) for side in (0, 1)]))
    table = np.stack(found)  # (resamples, 2, axes)
    sound = table[np.isfinite(table).all(axis=(1, 2))]
    if len(sound) < FEWEST // 2:
        return np.full(len(axes), math.nan), len(sound)
    forests = ((sound[:, 0] - sound[:, 1]) ** 2).mean(axis=0) / 2
    between = sound.mean(axis=1).var(axis=0, ddof=1) - forests / 2
    whole_forest = forests * TREES / FOREST
    return np.sqrt(np.maximum(between, 0.0) + whole_forest), len(sound)


def _study(trials: Sequence[FrozenTrial]) -> Study:
    """A finished study that lives in memory; its values are scores, so it minimises."""
    import optuna

    study = optuna.create_study(direction="minimize")
    study.add_trials(trials)
    return study


def _shares(count: int, study: Study, trees: int, seed: int) -> Floats:
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    evaluator = FanovaImportanceEvaluator(n_trees=trees, seed=seed % 2**32)
    names = [str(position) for position in range(count)]
    try:
        found = get_param_importances(study, evaluator=evaluator, params=names, normalize=False)
    except RuntimeError:  # every tree of the forest is a single leaf
        return np.full(count, math.nan)
    values = np.array([found[name] for name in names], dtype=float)
    total = values.sum()
    return values / total if math.isfinite(total) and total > 0 else np.full(count, math.nan)


def _frozen(axes: Sequence[Axis], places: Floats, scores: Floats) -> list[FrozenTrial]:
    """The trials as Optuna's, their parameters named by position: what the user calls them is no business of Optuna's."""
    import optuna

    distributions = {str(position): _distribution(axis) for position, axis in enumerate(axes)}
    table = places.copy()
    for position, axis in enumerate(axes):
        if axis.scale == "log":
            table[:, position] = np.log10(table[:, position])
    largest = float(np.abs(scores).max(initial=0.0))
    if largest > HUGE:
        scores = scores / largest
    return [
        optuna.trial.create_trial(
            params={
                str(position): int(place) if axes[position].scale == "choice" else float(place)
                for position, place in enumerate(row)
            },
            distributions=distributions,
            value=float(score),
        )
        for row, score in zip(table, scores, strict=True)
    ]


def _distribution(axis: Axis) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if axis.scale == "choice":
        return CategoricalDistribution(tuple(range(len(axis.choices))))
    if axis.scale == "log":
        return FloatDistribution(math.log10(axis.low), math.log10(axis.high))
    return FloatDistribution(axis.low, axis.high)


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna announces every study it makes: not the reader's business."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)
