"""A simulated sweep whose truth is known, for `doctor.py`: what is planted in it, and how it is played."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from search.history import History
from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome
from spaces import nest, parse_parameters

__all__ = ["Case", "Simulated", "play"]

Curve = Callable[[Mapping[str, Any], np.random.Generator], Iterable[Mapping[str, float]]]
"""(flat config, the trial's generator) -> the metrics of each step; a RuntimeError out of it fails the trial."""


@dataclass(frozen=True)
class Simulated:
    """One sweep to play. `points`: configs to try first, for a sweep that samples in a way of its own. `audit`: share of the
    stopped trials that run on. `best`: parameter -> its truly best choice: a method may dismiss that by bad luck, and who says
    so is right.
    """

    parameters: Mapping[str, Any]
    curve: Curve
    max_steps: int = 1
    objective: Objective = field(default_factory=lambda: Objective("loss"))
    scheduler: str = "none"
    points: Sequence[Mapping[str, Any]] = ()
    audit: float = 0.0
    best: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A family of sweeps: each seed draws another.

    Attributes:
        make: (generator, trials) -> the sweep.
        planted: check -> the `about` that its finding must have ("" = any): the fault is there.
        sound: checks whose fault is not there: an accusation is a false alarm.
        methods, trials: played with each method at each number of trials.
    """

    make: Callable[[np.random.Generator, int], Simulated]
    planted: Mapping[str, str] = field(default_factory=dict)
    sound: Sequence[str] = ()
    methods: Sequence[str] = ("random", "tpe")
    trials: Sequence[int] = (30, 60, 100)


def play(case: Case, method: str, trials: int, seed: int) -> History:
    """The history of one sweep of a case: one worker, a second a step."""
    simulated = case.make(np.random.default_rng([seed, 0]), trials)
    problem = Problem(
        parse_parameters(simulated.parameters),
        simulated.objective,
        simulated.max_steps,
        Budget(trials=trials),
        FailurePolicy(stop_after=None),
        seed=seed,
        points=tuple(nest(dict(point)) for point in simulated.points),
        audit=simulated.audit,
    )
    about = {"settings": {"method": method}}
    searcher, scheduler = make_searcher(method, problem), make_scheduler(simulated.scheduler, problem)
    sweep = PassiveSweep.begin(problem, searcher, scheduler, MemoryJournal(), about=about)
    now = 0.0
    while asked := sweep.ask(1, now):
        number = asked[0].number
        sweep.start(number, now, node="node", pid=1)
        rng = np.random.default_rng([seed, 1, number])
        outcome, reason, failure = Outcome.COMPLETED, "", None
        try:
            for step, metrics in enumerate(simulated.curve(asked[0].config, rng), start=1):
                now += 1.0
                decision = sweep.report(number, step, dict(metrics), now)
                if decision.outcome is not None:
                    outcome, reason, failure = decision.outcome, decision.reason, decision.failure
                    break
        except RuntimeError as error:
            outcome, reason = Outcome.FAILED, str(error)
            failure = Failure("raised", str(error))
        sweep.close(number, outcome, now, reason, failure)
    return sweep.history
