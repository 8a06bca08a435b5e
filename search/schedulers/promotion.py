"""ASHA as published: a trial is paused at each rung, and goes on once it is among the best 1/eta there.

Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning" (MLSys), algorithm 2. Where the stopping variant
lets the first arrivals through whatever they are worth, this one sends nobody further before eta trials have arrived at
a rung, and may come back to a trial when later ones turn out worse.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable

from search.history import History
from search.problem import Problem
from search.schedulers.base import CONTINUE, GoOn, Move, Verdict
from search.schedulers.halving import ordinal
from search.schedulers.rungs import read_ladder
from search.trial import Result, Trial

__all__ = ["Promotion"]


class Promotion:
    """One bracket over rungs min_iter, min_iter * eta, ...; options as of `Asha`.

    A free worker looks from the highest rung down for a trial that is paused there and among the best n // eta of all n
    that have arrived; the best such one goes on, and only where there is none a new config begins. A trial that would be
    that very one as it arrives goes on without being paused. Equal scores share the better rank.

    Departs from the paper where it ends: there are infinitely many configs there. Here, once no further config will come
    and nothing runs, the best of a rung goes on even where fewer than eta have arrived, so that a small sweep, too, has a
    trial of full length.

    `share`: of a full training, where `min_iter` is not given. `counts`: whether the trial of a number belongs to it.
    Raises SettingsError: an option out of range.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        min_iter: int | None = None,
        max_iter: int | None = None,
        eta: int = 3,
        share: int = 10,
        counts: Callable[[int], bool] = lambda number: True,
    ) -> None:
        self._steps, self._eta = read_ladder(problem, min_iter, max_iter, eta, share)
        self._rungs = {step: _Rung(step, counts) for step in self._steps}

    @property
    def rungs(self) -> tuple[int, ...]:
        return self._steps

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        rung = self._rungs.get(result.step)
        if rung is None:
            return CONTINUE
        move = self._best(history, least=0, arriving=trial.number)
        if move is not None and move.trial == trial.number:
            return Verdict(stop=False, reason=move.reason, rung=rung.step)
        assert result.score is not None
        reason = self._reason(history, rung, result.score, len(rung.scores) // self._eta)
        return Verdict(stop=False, reason=f"{reason}; it waits", rung=rung.step, pause=True)

    def promote(self, history: History, last: bool) -> Move | None:
        move = self._best(history, least=0)
        if move is None and last and not history.running:
            return self._best(history, least=1)
        return move

    def full(self, history: History) -> str | None:
        return None

    def _best(self, history: History, least: int, arriving: int | None = None) -> GoOn | None:
        """The trial that goes on, of those that wait and the one that is just `arriving`; `least`: go on from each rung."""
        for step in reversed(self._steps):
            rung = self._rungs[step]
            waiting = rung.first(history, arriving)
            if waiting is None:
                continue
            score, number = waiting
            keep = max(least, len(rung.scores) // self._eta)
            if rung.rank(score) <= keep:
                return GoOn(number, self._reason(history, rung, score, keep), step)
        return None

    def _reason(self, history: History, rung: _Rung, score: float, keep: int) -> str:
        value = history.problem.objective.value(score)
        best = {0: "none goes on yet", 1: "the best goes on"}.get(keep, f"the best {keep} go on")
        return f"rung {rung.step}: {value:.6g} is {ordinal(rung.rank(score))} of {len(rung.scores)}, {best}"


class _Rung:
    """Who has arrived at a step, and who of them waits there. Reads on in the history from where it stopped."""

    def __init__(self, step: int, counts: Callable[[int], bool]) -> None:
        self.step = step
        self._counts = counts
        self.scores: list[float] = []  # of all that have arrived, ascending
        self._waiting: list[tuple[float, int, int]] = []  # a heap: score, order of arrival, trial
        self._read = 0

    def rank(self, score: float) -> int:
        """1 is best; equal scores share a rank."""
        return bisect_left(self.scores, score) + 1

    def first(self, history: History, arriving: int | None) -> tuple[float, int] | None:
        """(score, number) of the best trial that waits here, of equal ones the one that came first."""
        arrived = history.scores_at(self.step)
        for order in range(self._read, len(arrived)):
            number, score = arrived[order]
            if not self._counts(number):
                continue
            insort(self.scores, score)
            heapq.heappush(self._waiting, (score, order, number))
        self._read = len(arrived)
        while self._waiting:
            score, _, number = self._waiting[0]
            trial = history.trials[number]
            if trial.steps == self.step and (number == arriving or trial.state == "paused"):
                return score, number
            heapq.heappop(self._waiting)  # it went on, or was closed: it does not come back to this rung
        return None
