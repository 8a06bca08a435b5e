"""What a sweep would do, worked out without doing it: for `tuneyard plan`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from search.api import priors_for
from search.confirmation import expected_trials
from search.driving import crowded
from search.history import History
from search.journal import MemoryJournal
from search.problem import Budget, Objective, Problem
from search.runners.room import shared_processors
from search.sweep import PassiveSweep
from search.trial import Outcome
from tuneyard.fusing import lanes_of

if TYPE_CHECKING:
    from search.schedulers.base import Scheduler
    from search.settings import ResolvedSettings

__all__ = ["Rehearsal", "plan_of", "rehearse"]

_SAMPLES = 5
_MOST_RESULTS = 4_000  # of a rehearsal: well below a second
_WORKERS = 4  # trials at the same time in a rehearsal, where the settings leave it to the resources


def plan_of(settings: ResolvedSettings) -> dict[str, Any]:
    """The plan as JSON values.

    `space.size`: distinct configs, constraints left out of account; None = infinitely many. `steps.at_most`: if no trial
    is stopped early; `steps.about`: as rehearsed, the audit included; None where the budget does not say how many trials there will be.
    `audit`: its `share` of the stopped trials, and as rehearsed the `trials` that are to be audited and the `steps` that they
    take after their stop (a part of `steps.about`); None without one, both None where nothing could be rehearsed.
    `confirm`: `trials` and `steps`, at most, that a confirmation takes once the search is over; None where none is asked for.
    `resources`: what one trial needs, and by which rules it needs something else (`memory` in bytes).
    `lanes`: see `lanes_of`; None where each trial is trained by itself.
    `warm_start`: the earlier `runs`, and how many `trials` of theirs lie in the space and are learnt from.
    `repeats`: what a step is where it is a whole training, its `length` in steps, and `at_most` such steps in all.
    `roles`: names of the parameters by role, those included that have one because others were given one.
    `first`: the configs that the sweep would begin with, searched parameters only; they are exact.

    Raises SpaceError: the method cannot express the space. SettingsError: as `ResolvedSettings.searcher`, `priors_for`.
    """
    problem = settings.problem()
    scheduler = settings.scheduler(problem)
    space, budget = problem.space, problem.budget
    priors = priors_for(settings)
    sweep = PassiveSweep.begin(problem, settings.searcher(problem), scheduler, MemoryJournal(), priors=priors)
    names = [parameter.name for parameter in space.searched]
    ray = settings.ray_scheduler
    expected = None if ray else rehearse(problem, settings.scheduler(problem), settings.workers or _WORKERS)
    first = sweep.ask(_SAMPLES, 0.0)
    return {
        "name": settings.name,
        "storage": settings.file.storage or "runs",
        "trainable": {"reference": settings.plug.ref, "kind": (settings.plug.inner or settings.plug).kind},
        "metric": problem.objective.metric,
        "goal": problem.objective.goal,
        "objectives": [{"metric": each.metric, "goal": each.goal} for each in problem.objectives],
        "outcome_constraints": [each.text for each in problem.outcome_constraints],
        "method": settings.to_dict()["method"],
        "early_terminate": settings.to_dict()["early_terminate"],
        "rungs": list(scheduler.rungs),
        "space": {
            "searched": len(set(names)),
            "constants": len(space.parameters) - len(space.searched),
            "constraints": len(settings.file.constraints),
            "size": space.size,
        },
        "roles": _roles(problem, names),
        "budget": {"trials": budget.trials, "seconds": budget.seconds, "steps": budget.steps},
        "steps": {
            "unit": settings.step_unit,
            "per_trial": problem.max_steps,
            "at_most": _at_most(problem),
            "about": None if ray else _about(problem, expected),
        },
        "repeats": _repeats(problem),
        "audit": _audit(problem, expected),
        "confirm": _confirm(settings),
        "resources": _resources(settings),
        "lanes": lanes_of(settings, problem),
        "warm_start": {"runs": [earlier.run for earlier in settings.warm_start], "trials": len(priors)},
        "first": [{name: trial.config[name] for name in names if name in trial.config} for trial in first],
        "notes": [*settings.notes, *(notice["text"] for notice in sweep.history.notices), *_crowd(settings)],
        "settings": settings.to_dict(),
    }


def _crowd(settings: ResolvedSettings) -> list[str]:
    """What there is to say of the workers, if they are to run on this machine."""
    said = crowded(settings)
    if said is not None:
        return [f"a run on this machine will be refused: {said}"]
    said = shared_processors(settings.workers, settings.resources)
    return [] if said is None else [said]


def _roles(problem: Problem, searched: Sequence[str]) -> dict[str, list[str]]:
    """As the report will take them: once one is given, what is searched without one is a nuisance, a constant is fixed."""
    given = problem.roles
    own = {name: given.get(name, "nuisance" if name in searched else "fixed") for name in problem.space.names}
    return {
        role: [name for name in own if given and own[name] == role]
        for role in ("scientific", "nuisance", "fixed")
    }


def _about(problem: Problem, expected: Rehearsal | None) -> int | None:
    limit = problem.budget.steps
    if expected is None:
        return limit
    return round(expected.steps) if limit is None else min(round(expected.steps), limit)


def _audit(problem: Problem, expected: Rehearsal | None) -> dict[str, Any] | None:
    if not problem.audit:
        return None
    return {
        "share": problem.audit,
        "trials": None if expected is None else round(expected.audited, 1),
        "steps": None if expected is None else round(expected.audit_steps),
    }


def _resources(settings: ResolvedSettings) -> list[dict[str, Any]]:
    """What a trial needs, without a rule first; `if`: the rule's condition."""
    own = settings.resources
    classes = [(None, own), *((rule.condition.text, rule.resources) for rule in own.rules)]
    return [
        {"if": text, "cpu": each.cpu, "gpu": each.gpu, "memory": each.memory, "custom": dict(each.custom)}
        for text, each in classes
    ]


def _confirm(settings: ResolvedSettings) -> dict[str, int] | None:
    expected = expected_trials(settings)
    return None if expected is None else {"trials": expected[0], "steps": expected[0] * expected[1]}


def _repeats(problem: Problem) -> dict[str, Any] | None:
    plan, most = problem.repeats, _at_most(problem)
    if plan is None:
        return None
    return {**asdict(plan), "at_most": None if most is None else most * plan.length}


def _at_most(problem: Problem) -> int | None:
    limits = [problem.budget.steps]
    if problem.budget.trials is not None:
        limits.append(problem.budget.trials * problem.max_steps)
    return min((limit for limit in limits if limit is not None), default=None)


@dataclass(frozen=True)
class Rehearsal:
    """What a sweep is expected to take. `steps`: of all trials, the audit included. `audited`: trials that run on for the
    audit, and `audit_steps`: what they take after their stop; both are expected values, not whole numbers.
    """

    steps: float
    audited: float
    audit_steps: float


def rehearse(problem: Problem, scheduler: Scheduler, workers: int) -> Rehearsal | None:
    """What the sweep would spend if the first result of each trial told its rank for good.

    The real scheduler decides, `workers` trials run side by side; a long sweep is rehearsed in part and scaled up.
    None without a budget of trials.
    """
    trials, most = problem.budget.trials, problem.max_steps
    if trials is None:
        return None
    played = min(trials, max(20, _MOST_RESULTS // most))
    rehearsal = replace(
        problem,
        objective=Objective(problem.objective.metric, "minimize"),
        secondary=(),
        outcome_constraints=(),
        budget=Budget(trials=played),
        points=(),
        audit=0.0,
    )
    sweep = PassiveSweep.begin(rehearsal, _Anything(), scheduler, MemoryJournal())
    while True:
        for trial in sweep.ask(workers - len(sweep.history.running), 0.0):
            sweep.start(trial.number, 0.0, node="", pid=0, from_step=trial.steps)
        if not sweep.history.running:
            break
        for trial in sweep.history.running:
            rank = trial.seed / 2**31  # seeds are as good as random, and the same in every rehearsal
            decision = sweep.report(trial.number, trial.steps + 1, {problem.objective.metric: rank}, 0.0)
            if decision.outcome is not None:
                sweep.close(trial.number, Outcome(decision.outcome), 0.0)
    left_out = [most - trial.steps for trial in sweep.history.trials if trial.outcome is Outcome.STOPPED]
    share = problem.audit * trials / played
    audit_steps = share * sum(left_out)
    steps = sweep.history.steps_total * trials / played + audit_steps
    return Rehearsal(steps, share * len(left_out), audit_steps)


class _Anything:
    """A searcher for a rehearsal, where nobody looks at the config."""

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        return {}
