"""What a sweep would do, worked out without doing it: for `tuneyard plan`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from search.history import History
from search.journal import MemoryJournal
from search.problem import Budget, Objective, Problem
from search.sweep import PassiveSweep
from search.trial import Outcome

if TYPE_CHECKING:
    from search.schedulers.base import Scheduler
    from search.settings import ResolvedSettings

__all__ = ["plan_of", "rehearse"]

_SAMPLES = 5
_MOST_RESULTS = 4_000  # of a rehearsal: well below a second
_WORKERS = 4  # trials at the same time in a rehearsal, where the settings leave it to the resources


def plan_of(settings: ResolvedSettings) -> dict[str, Any]:
    """The plan as JSON values.

    `space.size`: distinct configs, constraints left out of account; None = infinitely many. `steps.at_most`: if no trial
    is stopped early; `steps.about`: as rehearsed; None where the budget does not say how many trials there will be.
    `first`: the configs that the sweep would begin with, searched parameters only; they are exact.

    Raises SpaceError: the method cannot express the space. SettingsError: as `ResolvedSettings.searcher`.
    """
    problem = settings.problem()
    scheduler = settings.scheduler(problem)
    space, budget = problem.space, problem.budget
    sweep = PassiveSweep.begin(problem, settings.searcher(problem), scheduler, MemoryJournal())
    names = [parameter.name for parameter in space.searched]
    ray = settings.ray_scheduler
    return {
        "name": settings.name,
        "storage": str(settings.storage),
        "trainable": {"reference": settings.plug.ref, "kind": settings.plug.kind},
        "metric": problem.objective.metric,
        "goal": problem.objective.goal,
        "method": settings.to_dict()["method"],
        "early_terminate": settings.to_dict()["early_terminate"],
        "rungs": list(scheduler.rungs),
        "space": {
            "searched": len(set(names)),
            "constants": len(space.parameters) - len(space.searched),
            "constraints": len(settings.file.constraints),
            "size": space.size,
        },
        "budget": {"trials": budget.trials, "seconds": budget.seconds, "steps": budget.steps},
        "steps": {
            "unit": settings.step_unit,
            "per_trial": problem.max_steps,
            "at_most": _at_most(problem),
            "about": None if ray else rehearse(problem, scheduler, settings.workers or _WORKERS),
        },
        "first": [
            {name: trial.config[name] for name in names if name in trial.config}
            for trial in sweep.ask(_SAMPLES, 0.0)
        ],
        "notes": list(settings.notes),
        "settings": settings.to_dict(),
    }


def _at_most(problem: Problem) -> int | None:
    limits = [problem.budget.steps]
    if problem.budget.trials is not None:
        limits.append(problem.budget.trials * problem.max_steps)
    return min((limit for limit in limits if limit is not None), default=None)


def rehearse(problem: Problem, scheduler: Scheduler, workers: int) -> int | None:
    """Steps that the sweep would spend if the first result of each trial told its rank for good.

    The real scheduler decides, `workers` trials run side by side; a long sweep is rehearsed in part and scaled up.
    None without a budget of trials.
    """
    trials = problem.budget.trials
    if trials is None:
        return problem.budget.steps
    played = min(trials, max(20, _MOST_RESULTS // problem.max_steps))
    rehearsal = replace(
        problem,
        objective=Objective(problem.objective.metric, "minimize"),
        budget=Budget(trials=played),
        points=(),
    )
    sweep = PassiveSweep.begin(rehearsal, _Anything(), scheduler, MemoryJournal())
    while True:
        for trial in sweep.ask(workers - len(sweep.history.running), 0.0):
            sweep.start(trial.number, 0.0, node="", pid=0)
        if not sweep.history.running:
            break
        for trial in sweep.history.running:
            rank = trial.seed / 2**31  # seeds are as good as random, and the same in every rehearsal
            decision = sweep.report(trial.number, trial.steps + 1, {problem.objective.metric: rank}, 0.0)
            if decision.outcome is not None:
                sweep.close(trial.number, Outcome(decision.outcome), 0.0)
    steps = round(sweep.history.steps_total * trials / played)
    return steps if problem.budget.steps is None else min(steps, problem.budget.steps)


class _Anything:
    """A searcher for a rehearsal, where nobody looks at the config."""

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        return {}
