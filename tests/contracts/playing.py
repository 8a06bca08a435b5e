"""Recorded learning curves played through a real sweep: what the scheduler and history suites share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.history import History, Record
from search.journal import MemoryJournal
from search.problem import Budget, Goal, Objective, Problem
from search.schedulers.base import Scheduler
from search.sweep import PassiveSweep
from search.trial import Outcome
from spaces import Integer, Parameter, Space

__all__ = ["Counting", "fates", "play", "problem_of"]


class Counting:
    """A searcher that proposes x = 0, 1, 2, ...: trial i follows curve i."""

    def __init__(self, last: int | None = None) -> None:
        self.last = last

    def ask(self, history: History, number: int) -> Mapping[str, Any] | None:
        return None if self.last is not None and number > self.last else {"x": number}


def problem_of(max_steps: int, goal: Goal = "minimize", **more: Any) -> Problem:
    """A problem over one integer, its trials uncounted."""
    return Problem(
        Space((Parameter("x", Integer(0, 10**6)),)),
        Objective("loss", goal),
        max_steps,
        more.pop("budget", Budget(trials=10**6)),
        **more,
    )


def play(
    problem: Problem, scheduler: Scheduler, curves: Sequence[Sequence[float]], workers: int = 1
) -> tuple[PassiveSweep, list[Record]]:
    """Trial i reports curves[i], value by value, `workers` trials in turn; the sweep and its journal.

    A curve shorter than max_steps ends by itself.
    """
    journal = MemoryJournal()
    sweep = PassiveSweep.begin(problem, Counting(), scheduler, journal)
    waiting, running, now = list(range(len(curves))), [], 0.0
    while waiting or running:
        while waiting and len(running) < workers:
            (trial,) = sweep.ask(1, now)
            sweep.start(trial.number, now, node="test", pid=0)
            running.append(waiting.pop(0))
        for number in list(running):
            now += 1.0
            step = sweep.history.trials[number].steps + 1
            decision = None
            if step <= len(curves[number]):
                decision = sweep.report(number, step, {"loss": curves[number][step - 1]}, now)
            if decision is None:
                sweep.close(number, Outcome.COMPLETED, now)
            elif decision.outcome is not None:
                sweep.close(number, decision.outcome, now, decision.reason, decision.failure)
            else:
                continue
            running.remove(number)
    return sweep, journal.records


def fates(sweep: PassiveSweep) -> list[tuple[str, int]]:
    """(state, steps) of each trial."""
    return [(trial.state, trial.steps) for trial in sweep.history.trials]
