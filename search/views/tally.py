"""What a console shows of a sweep, kept up to date record by record at a constant cost each."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from search.front import front_of
from search.history import History, Record
from search.problem import Problem
from search.trial import Trial

__all__ = ["Tally"]

_WINDOW = 10.0  # seconds over which the speed is measured


class Tally:
    """Counts, the best so far, speed and what is left, of a running sweep.

    `closed`: trials by outcome. `climb`: (steps of all trials, best value from there on), for a sparkline.
    `decisions`: the newest ones that compared or stopped a trial. `monotonic`: seconds of a clock that never goes back.
    """

    def __init__(self, history: History, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._history, self._monotonic = history, monotonic
        self.closed = {"completed": 0, "stopped": 0, "failed": 0}
        for trial in history.trials:
            if trial.outcome is not None:
                self.closed[trial.outcome.value] += 1
        self.climb: list[tuple[int, float]] = []
        self.decisions: deque[Record] = deque(history.decisions[-3:], maxlen=3)
        self._began, self._began_closed, self._began_steps = (
            history.now,
            self.total_closed + self.paused,
            history.steps_total,
        )
        self._front: tuple[int, list[Trial]] | None = None
        self._heard = monotonic()
        self._marks: deque[tuple[float, int]] = deque([(self._heard, history.steps_total)])
        self._improve()

    def take(self, record: Record) -> None:
        """Take in a record that has entered the history."""
        self._heard = self._monotonic()
        kind = record["type"]
        if kind == "close":
            self.closed[record["outcome"]] += 1
        elif kind == "reopen":
            self.closed["failed"] -= 1
        elif kind == "decision":
            self.decisions.append(record)
        if kind in ("result", "close"):
            self._improve()

    @property
    def history(self) -> History:
        return self._history

    @property
    def problem(self) -> Problem:
        return self._history.problem

    @property
    def steps(self) -> int:
        """Steps of all trials together."""
        return self._history.steps_total

    @property
    def best(self) -> Trial | None:
        return self._history.best

    @property
    def best_value(self) -> float | None:
        """The objective's best value so far."""
        best = self._history.best
        if best is None or best.best is None or best.best.score is None:
            return None
        return self.problem.objective.value(best.best.score)

    @property
    def front(self) -> list[Trial]:
        """The trials that no other dominates, of those that have ended."""
        if self._front is None or self._front[0] != self.total_closed:
            self._front = (self.total_closed, front_of(self._history))
        return self._front[1]

    @property
    def running(self) -> list[Trial]:
        """Open trials: the most promising first, those without a result last."""
        return sorted(self._history.running, key=_promise)

    @property
    def paused(self) -> int:
        """Trials that wait without a worker."""
        return len(self._history.paused)

    @property
    def total_closed(self) -> int:
        return sum(self.closed.values())

    def now(self) -> float:
        """Seconds on the sweep's clock, running on between records."""
        return self._history.now + self._monotonic() - self._heard

    def speed(self) -> float | None:
        """Steps a second over the last seconds; None at the beginning. Call it a few times a second."""
        now = self._monotonic()
        self._marks.append((now, self.steps))
        while len(self._marks) > 2 and now - self._marks[0][0] > _WINDOW:
            self._marks.popleft()
        since, steps = self._marks[0]
        return (self.steps - steps) / (now - since) if now - since > 0.2 else None

    def spent(self) -> float | None:
        """The part of the budget that is spent, in [0, 1]; None without a budget."""
        budget = self.problem.budget
        parts = [
            used / limit
            for used, limit in (
                (self.total_closed + self.paused, budget.trials),
                (self.now(), budget.seconds),
                (self.steps, budget.steps),
            )
            if limit is not None
        ]
        return min(1.0, max(parts)) if parts else None

    def left(self) -> float | None:
        """Seconds until the first budget is spent, at the speed of this driver so far; None when unknown."""
        budget, now = self.problem.budget, self.now()
        estimates = [] if budget.seconds is None else [budget.seconds - now]
        for used, before, limit in (
            (self.total_closed + self.paused, self._began_closed, budget.trials),
            (self.steps, self._began_steps, budget.steps),
        ):
            if limit is not None and used > before:
                estimates.append((limit - used) * (now - self._began) / (used - before))
        return max(0.0, min(estimates)) if estimates else None

    def _improve(self) -> None:
        value = self.best_value
        if value is not None and (not self.climb or self.climb[-1][1] != value):
            self.climb.append((self.steps, value))


def _promise(trial: Trial) -> tuple[float, int]:
    best = trial.best
    return (best.score if best is not None and best.score is not None else float("inf"), trial.number)
