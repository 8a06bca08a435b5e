"""The leaderboard: every trial, best first, with its best and its last value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.analysis.ranking import ranked
from search.analysis.repeats import repeats
from search.front import front_of, values_of
from search.history import History
from search.trial import Trial

__all__ = ["leaderboard"]


def leaderboard(history: History, repeated: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Rows of all trials: the ranked ones best first, then those without a value that counts, by number.

    `best`, `last`: values of the metric as the user knows it, None where there is none or it is not finite.
    `values`: of all `objectives` at the step that counts; `feasible`: whether the outcome constraints hold there (None
    where nothing was measured, or nothing is constrained); `front`: on the Pareto front, with several objectives.
    `seconds`: from the first start to the end, None before the start. `interval`: of `best` (95 %), where steps are folds
    or seeds, else None; `repeated`: what `repeats` found of it, where that is known already.
    """
    order = ranked(history)
    numbers = {trial.number for trial in order}
    repeated = repeats(history) if repeated is None else repeated
    spans = {each["trial"]: each["interval"] for each in (repeated or {"configs": []})["configs"]}
    rows = [_row(history, trial, rank) for rank, trial in enumerate(order, start=1)]
    rows += [_row(history, trial, None) for trial in history.trials if trial.number not in numbers]
    objective = history.problem.objective
    front = {trial.id for trial in front_of(history)} if history.problem.secondary else set()
    for row in rows:
        row["front"] = row["trial"] in front
    searched = dict.fromkeys(parameter.name for parameter in history.problem.space.searched)
    given = dict.fromkeys(name for trial in history.trials for name in trial.config)
    for row in rows:
        row["interval"] = spans.get(row["trial"])
    return {
        "metric": objective.metric,
        "goal": objective.goal,
        "objectives": [{"metric": each.metric, "goal": each.goal} for each in history.problem.objectives],
        "constrained": bool(history.problem.outcome_constraints),
        "parameters": list(searched),
        "constants": [name for name in given if name not in searched],
        "ranked": len(order),
        "rows": rows,
    }


def _row(history: History, trial: Trial, rank: int | None) -> dict[str, Any]:
    value = history.problem.objective.value
    best, last = trial.best, trial.last
    return {
        "rank": rank,
        "trial": trial.id,
        "state": trial.state,
        "best": value(best.score) if best is not None and best.score is not None else None,
        "best_step": best.step if best is not None else None,
        "values": values_of(history, trial),
        "feasible": best.violation == 0 if best is not None and best.excess else None,
        "last": value(last.score) if last is not None and last.score is not None else None,
        "steps": trial.steps,
        "seconds": trial.seconds,
        "origin": trial.origin,
        "seed": trial.seed,
        "reason": trial.reason,
        "config": dict(trial.config),
    }
