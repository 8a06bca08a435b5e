"""Best so far: by trial, by steps spent and by time."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np

from search.analysis.ranking import best_score
from search.history import History
from search.trial import Outcome

__all__ = ["history_curve"]


def history_curve(history: History) -> dict[str, Any]:
    """What the search had in hand at each moment.

    `trials`: one entry per ranked trial as columns: `trial` (number + 1), `steps` and `seconds` (spent by the whole
    sweep when that trial's best result came in), `value`, `state`. `improvements`: the same columns, by which the best
    so far changed, in the order of arrival, and `by_trial`: the running best in the order of trial numbers.
    `steps`, `seconds`: spent in all. Failed trials do not count, as in the leaderboard.
    """
    value = history.problem.objective.value
    now, number, step, score = _results(history)
    order = np.lexsort((step, number, now))
    spent = np.empty(len(order), dtype=np.int64)
    spent[order] = np.arange(1, len(order) + 1)
    firsts = np.concatenate([[0], np.cumsum([len(trial.results) for trial in history.trials])])

    trials: dict[str, list[Any]] = {"trial": [], "steps": [], "seconds": [], "value": [], "state": []}
    by_trial: dict[str, list[Any]] = {"trial": [], "value": []}
    running, deepest = np.inf, _deepest(history)
    for first, trial in zip(firsts, history.trials, strict=False):  # there is one end more than trials
        best = best_score(trial)
        if best is None or trial.best is None:
            continue
        trials["trial"].append(trial.number + 1)
        within = bisect_left(trial.results, trial.best.step, key=lambda result: result.step)
        trials["steps"].append(int(spent[first + within]))
        trials["seconds"].append(trial.best.now)
        trials["value"].append(value(best))
        trials["state"].append(trial.state)
        if best < running and trial.best.step >= deepest:
            running = best
            by_trial["trial"].append(trial.number + 1)
            by_trial["value"].append(value(best))

    improvements: dict[str, list[Any]] = {"trial": [], "steps": [], "seconds": [], "value": []}
    failed = [t.number for t in history.trials if t.outcome is Outcome.FAILED]
    sound = np.isfinite(score) & ~np.isin(number, failed) & (step >= deepest)
    kept = order[sound[order]] if len(order) else order
    best_yet = np.minimum.accumulate(score[kept]) if len(kept) else score[kept]
    before = np.concatenate([[np.inf], best_yet[:-1]])
    for i in kept[score[kept] < before]:
        improvements["trial"].append(int(number[i]) + 1)
        improvements["steps"].append(int(spent[i]))
        improvements["seconds"].append(float(now[i]))
        improvements["value"].append(value(float(score[i])))
    return {
        "trials": trials,
        "improvements": improvements,
        "by_trial": by_trial,
        "asked": len(history.trials),
        "steps": history.steps_total,
        "seconds": history.now,
    }


def _deepest(history: History) -> int:
    """The step from which on values count as best so far: where the last one counts, that of the best trial, since a value
    of fewer folds is no better for being luckier."""
    if history.problem.objective.counts == "best" or history.best is None or history.best.best is None:
        return 0
    return history.best.best.step


def _results(
    history: History,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Columns of all results: now, trial number, step, score (NaN where there is none, or a constraint is broken)."""
    constrained = bool(history.problem.outcome_constraints)
    rows = [
        (
            r.now,
            trial.number,
            r.step,
            np.nan if r.score is None or (constrained and r.violation > 0) else r.score,
        )
        for trial in history.trials
        for r in trial.results
    ]
    table = np.array(rows, dtype=float).reshape(-1, 4)
    return table[:, 0], table[:, 1].astype(int), table[:, 2].astype(int), table[:, 3]
