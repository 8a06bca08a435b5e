"""What an export keeps in a study that Optuna has no place for, and how it is read back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from search.exchange.foreign import Foreign, ForeignResult, ForeignTrial
from search.problem import Problem
from search.run import Run
from search.trial import Failure, Outcome, Trial
from spaces import Space
from spaces.translate import optuna as translate

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

__all__ = ["NOTE", "noted_study", "study_note", "trial_note"]

NOTE = "tuneyard"
"""The attribute of studies and trials that holds it."""


def noted_study(note: Mapping[str, Any], study: Study, trials: Sequence[FrozenTrial], source: str) -> Foreign:
    """A study that an export wrote: what Optuna holds in its own terms, and the rest from the notes."""
    problem = Problem.from_json(note["problem"])
    return Foreign(
        "Optuna",
        source,
        study.study_name,
        problem.objectives,
        [_trial(each, problem) for each in trials],
        space=problem.space,
        outcome_constraints=problem.outcome_constraints,
        max_steps=problem.max_steps,
        seed=problem.seed,
        began=note.get("began"),
        notes=["It was exported by tuneyard, and is told as it was."],
    )


def _trial(trial: FrozenTrial, problem: Problem) -> ForeignTrial:
    told = trial.system_attrs[NOTE]
    metric, curve = problem.objective.metric, trial.intermediate_values
    results = [
        ForeignResult(step, ({metric: curve[step]} if step in curve else {}) | _read(metrics), now)
        for step, now, metrics in told["results"]
    ]
    failure = Failure(**told["failure"]) if told["failure"] else None
    return ForeignTrial(
        _config(problem.space, trial.params, told),
        results,
        Outcome(told["outcome"]) if told["outcome"] else None,
        told["reason"],
        failure,
        asked=told["asked"],
        started=told["started"],
        ended=told["closed"],
        stopped_by_scheduler=told["stopped_by_scheduler"],
        seed=told["seed"],
        origin=told["origin"],
        node=told["node"],
        pid=told["pid"],
    )


def _config(space: Space, params: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    return dict(told["config"]) if told.get("config") is not None else translate.to_config(space, params)


def _read(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items()}  # "nan" and "inf" among them


def study_note(run: Run) -> dict[str, Any]:
    """The study's note: the problem, with its space as it truly is."""
    return {"problem": run.history.problem.to_json(), "began": run.history.began}


def trial_note(trial: Trial, metric: str | None, whole: bool, stopped_by_scheduler: bool) -> dict[str, Any]:
    """What Optuna has no place for in a trial.

    `metric`: the one that stands among its intermediate values. `whole`: whether its config does among its parameters.
    """
    attempt = trial.attempts[-1] if trial.attempts else None
    results = [
        [
            result.step,
            result.now,
            {
                name: value if math.isfinite(value) else str(value)
                for name, value in result.metrics.items()
                if name != metric
            },
        ]
        for result in trial.results
    ]
    return {
        "config": None if whole else dict(trial.config),
        "seed": trial.seed,
        "origin": trial.origin,
        "asked": trial.asked,
        "started": trial.attempts[0].now if trial.attempts else None,
        "closed": trial.closed,
        "node": attempt.node if attempt else "",
        "pid": attempt.pid if attempt else 0,
        "outcome": trial.outcome.value if trial.outcome else None,
        "reason": trial.reason,
        "stopped_by_scheduler": stopped_by_scheduler,
        "failure": trial.failure.to_json() if trial.failure else None,
        "results": results,
    }
