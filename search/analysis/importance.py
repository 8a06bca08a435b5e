"""Which parameters the result depends on, by two measures that answer different questions, each with an interval.

- PED-ANOVA (Watanabe et al. 2023; conditional parameters: its KDD 2026 successor): which parameters set the best
  tenth of the trials apart from the rest?
- fANOVA (Hutter et al. 2014): which parameters explain the variance of the value over the whole space?

An interval says how far a share would move with other trials of the same search: trials are drawn again with repeats
(Efron 1979). Those of PED-ANOVA are percentiles, and hold the mean share over new searches in 93 to 100 % of the cases,
where 95 % is meant (its densities flatten with every resample, which makes them wide); those of fANOVA, whose resamples
cost more and are few, are 1.96 standard deviations to each side.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from search.analysis.axes import Axis, axes_of
from search.analysis.fanova import FANOVA_TRIALS, fanova, fanova_deviation
from search.analysis.numbers import plural
from search.analysis.ped_anova import column, ped_anova
from search.analysis.ranking import best_score, ranked
from search.analysis.thinning import evenly
from search.history import History
from search.trial import Trial

__all__ = ["FANOVA_TRIALS", "importance", "trials_needed"]

TOP_SHARE, TOP_TRIALS = 0.1, 5  # PED-ANOVA: the best tenth, but no fewer than Optuna advises
RESAMPLES = 200  # of PED-ANOVA: half a second with ten parameters
DRAWN = 2000  # trials of one resample at most: beyond, an interval is that of so many trials, and too wide


def trials_needed(parameters: int) -> int:
    """Fewest trials for which an importance is shown: 5 for each parameter, and 20 in all."""
    return max(20, 5 * parameters)


def importance(history: History) -> dict[str, Any]:
    """Shares that sum to 1 for each method, largest first, or the `reason` why there are none.

    `trials`: trials that entered, by their best value over the steps they ran (the leaderboard's value). `methods`:
    `name`, `question`, `trials`, `shares` [{parameter, share, interval}], `left_out` [{parameter, why}], `resamples` behind
    the intervals; a method that cannot be computed has `reason` and no shares. An `interval` is [low, high], both in
    [0, 1], or None where it cannot be computed. `conditional`: names that are not active in every trial.
    """
    axes = axes_of(history)
    trials = ranked(history)
    needed = trials_needed(len(axes))
    result: dict[str, Any] = {
        "trials": len(trials),
        "needed": needed,
        "reason": None,
        "notes": [],
        "methods": [],
        "conditional": [axis.name for axis in axes if axis.conditional],
    }
    reason = _refusal(history, axes, trials, needed)
    if reason is not None:
        return {**result, "reason": reason}
    stopped = sum(trial.state != "completed" for trial in trials)
    if stopped:
        result["notes"].append(
            f"{stopped:,} of the {len(trials):,} trials did not run to full length; "
            "they count with the best value they had."
        )
    if failed := len(history.trials) - len(trials):
        result["notes"].append(f"Not included: {plural(failed, 'trial')} without a value that counts.")
    result["methods"] = [_ped_anova(history, axes, trials), _fanova(history, axes, trials)]
    return result


def _refusal(history: History, axes: list[Axis], trials: list[Trial], needed: int) -> str | None:
    if not axes:
        return "No parameter was searched: every parameter is a constant."
    if len(trials) < needed:
        return (
            f"Too few trials: {len(trials):,} have a value, {needed:,} are needed "
            f"(5 for each of the {len(axes)} searched parameters, and 20 in all). "
            "With fewer, the ranking would mostly be chance."
        )
    if len({best_score(trial) for trial in trials}) == 1:
        return f"All {len(trials):,} trials have the same value, so no parameter can explain a difference."
    return None


def _ped_anova(history: History, axes: list[Axis], trials: list[Trial]) -> dict[str, Any]:
    needed = trials_needed(len(axes))
    active = {axis.name: sum(axis.name in trial.config for trial in trials) for axis in axes}
    left_out = [
        {"parameter": axis.name, "why": f"active in only {active[axis.name]:,} trials, {needed:,} are needed"}
        for axis in axes
        if active[axis.name] < needed
    ]
    judged, left_out = _varied([a for a in axes if active[a.name] >= needed], trials, left_out)
    share = max(TOP_SHARE, TOP_TRIALS / len(trials))
    question = f"What sets the best {math.ceil(share * len(trials)):,} trials apart from the rest?"
    answer = _answer("PED-ANOVA", question, len(trials), left_out)
    if not judged:
        return {**answer, "reason": "No parameter is left to judge."}
    places, scores = _table(judged, trials)
    columns = [
        column(_scaled(axis, places[:, i]), *_ends(axis), len(axis.choices)) for i, axis in enumerate(judged)
    ]
    found = ped_anova(columns, scores, share)
    if not found.sum() > 0:
        return {**answer, "reason": "The measure came out as zero for every parameter."}
    found /= found.sum()
    rng = np.random.default_rng(history.problem.seed)
    drawn = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, len(trials), min(len(trials), DRAWN))
        other = ped_anova([each.take(rows) for each in columns], scores[rows], share)
        if other.sum() > 0:
            drawn.append(other / other.sum())
    low, high = np.quantile(np.array(drawn), (0.025, 0.975), axis=0)
    return _told(answer, judged, found, np.minimum(low, found), np.maximum(high, found), len(drawn))


def _fanova(history: History, axes: list[Axis], trials: list[Trial]) -> dict[str, Any]:
    everywhere = [axis for axis in axes if all(axis.name in trial.config for trial in trials)]
    left_out = [
        {"parameter": axis.name, "why": "conditional: fANOVA needs a value in every trial"}
        for axis in axes
        if axis not in everywhere
    ]
    chosen = [trials[i] for i in evenly(len(trials), FANOVA_TRIALS)]
    judged, left_out = _varied(everywhere, chosen, left_out)
    answer = _answer(
        "fANOVA", "What explains how the value varies over the whole space?", len(chosen), left_out
    )
    if not judged:
        return {**answer, "reason": "No parameter is left to judge."}
    places, scores = _table(judged, chosen)
    seed = history.problem.seed
    found = fanova(judged, places, scores, seed)
    if not np.isfinite(found).all():
        return {**answer, "reason": "The measure came out as zero for every parameter."}
    deviation, resamples = fanova_deviation(judged, places, scores, seed)
    low, high = np.maximum(0.0, found - 1.96 * deviation), np.minimum(1.0, found + 1.96 * deviation)
    return _told(answer, judged, found, low, high, resamples)


def _varied(
    axes: list[Axis], trials: list[Trial], left_out: list[dict[str, str]]
) -> tuple[list[Axis], list[dict[str, str]]]:
    """Axes on which the trials differ; the others join those left out, by name."""
    kept = [axis for axis in axes if len({axis.place(trial.config) for trial in trials}) > 1]
    same = [
        {"parameter": axis.name, "why": "took the same value in every trial"}
        for axis in axes
        if axis not in kept
    ]
    return kept, left_out + same


def _table(
    axes: list[Axis], trials: list[Trial]
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]]:
    """Places, shape (trials, axes), NaN where not active; scores, shape (trials,)."""
    places = np.array([[axis.place(trial.config) for axis in axes] for trial in trials], dtype=float)
    return places, np.array([best_score(trial) for trial in trials], dtype=float)


def _scaled(
    axis: Axis, places: np.ndarray[Any, np.dtype[np.float64]]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.log10(places) if axis.scale == "log" else places


def _ends(axis: Axis) -> tuple[float, float]:
    return (math.log10(axis.low), math.log10(axis.high)) if axis.scale == "log" else (axis.low, axis.high)


def _answer(name: str, question: str, trials: int, left_out: list[dict[str, str]]) -> dict[str, Any]:
    empty: dict[str, Any] = {"shares": [], "left_out": left_out, "reason": None, "resamples": 0}
    return {"name": name, "question": question, "trials": trials, **empty}


def _told(
    answer: dict[str, Any],
    axes: list[Axis],
    found: np.ndarray[Any, np.dtype[np.float64]],
    low: np.ndarray[Any, np.dtype[np.float64]],
    high: np.ndarray[Any, np.dtype[np.float64]],
    resamples: int,
) -> dict[str, Any]:
    """`answer` with the shares of the axes, the largest first (of equals, the first of the space)."""
    rows = [
        {
            "parameter": axes[i].name,
            "share": float(found[i]),
            "interval": [float(low[i]), float(high[i])]
            if math.isfinite(low[i]) and math.isfinite(high[i])
            else None,
        }
        for i in sorted(range(len(axes)), key=lambda i: -found[i])
    ]
    return {**answer, "shares": rows, "resamples": resamples}
