"""One arm, played over the record with one seed: the real sweep, searcher and scheduler, on the virtual clock."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from search.hindsight.arm import Arm
from search.hindsight.recorded import Record
from search.history import History
from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Problem
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.sweep import PassiveSweep
from trainables.plug import resolve

__all__ = ["Play", "Reached", "play"]


@dataclass(frozen=True)
class Reached:
    """When a search had come to a score: after so many steps, trials begun and virtual seconds."""

    steps: int
    trials: int
    seconds: float


@dataclass(frozen=True)
class Play:
    """What one play came to. `best`: the score at its end; None: every trial failed. `good`: when it had found one of the
    best recorded configs (None: never). `unrecorded`: steps that it took past the end of a recorded curve; `guessed`:
    decisions of its scheduler there, on values that were held."""

    steps: int
    seconds: float
    trials: int
    best: float | None
    good: Reached | None
    unrecorded: int
    guessed: int


def play(record: Record, arm: Arm, seed: int) -> Play:
    """Until every recorded config was tried once."""
    problem = _problem(record, seed)
    searcher = arm.searcher(record, problem, seed)
    sweep = PassiveSweep.begin(problem, searcher, arm.make_scheduler(problem), MemoryJournal())

    def recorded(config: dict[str, Any], *, seed: int) -> Iterator[dict[str, float]]:
        yield from record.trials[seed].train(problem.max_steps)  # the searcher's `seed_of`

    SimulatedRunner().run(sweep, Work(resolve(recorded), workers=arm.workers))
    return _summed(record, sweep.history)


def _problem(record: Record, seed: int) -> Problem:
    """That of the run, without what would end it before all is tried."""
    return replace(
        record.problem,
        objective=replace(record.problem.objective, target=None),
        budget=Budget(trials=len(record.trials)),
        failure=FailurePolicy(stop_after=None),
        seed=seed,
        points=(),
        audit=0.0,
    )


def _summed(record: Record, history: History) -> Play:
    best = history.best.best if history.best is not None else None
    rows = [record.trials[trial.seed] for trial in history.trials]
    beyond = [
        trial.steps - row.steps for trial, row in zip(history.trials, rows, strict=True) if row.end == "cut"
    ]
    guessed = [
        each
        for each in history.decisions
        if each["scheduler"] is not None
        and rows[each["trial"]].end == "cut"
        and each["step"] > rows[each["trial"]].steps
    ]
    return Play(
        history.steps_total,
        history.now,
        len(history.trials),
        best.score if best is not None else None,
        _reached(record.good, history),
        sum(max(0, steps) for steps in beyond),
        len(guessed),
    )


def _reached(score: float, history: History) -> Reached | None:
    """The first time at which a trial that did not fail was as good as that."""
    last = history.problem.objective.counts == "last"
    full = history.problem.max_steps
    first = min(
        (
            result.now
            for trial in history.trials
            if trial.sound
            for result in trial.results
            if result.score is not None
            and result.score <= score
            and result.violation == 0
            and (not last or result.step == full)
        ),
        default=math.inf,
    )
    if not math.isfinite(first):
        return None
    steps = sum(result.now <= first for trial in history.trials for result in trial.results)
    begun = sum(trial.asked <= first for trial in history.trials)
    return Reached(steps, begun, first)
