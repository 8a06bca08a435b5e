"""ASHA as published: a trial is paused at each rung, and goes on once it is among the best 1/eta there.

Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning" (MLSys), algorithm 2. Where the stopping variant
lets the first arrivals through whatever they are worth, this one sends nobody further before eta trials have arrived at
a rung, and may come back to a trial when later ones turn out worse.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable

import numpy as np

from search.history import History
from search.problem import Problem
from search.schedulers.base import CONTINUE, GoOn, Move, Verdict
from search.schedulers.fronts import merit_ranks, scores_of
from search.schedulers.halving import comparison
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
        rung = _FrontRung if problem.secondary else _Rung
        self._rungs = {step: rung(step, counts) for step in self._steps}

    @property
    def rungs(self) -> tuple[int, ...]:
        return self._steps

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        rung = self._rungs.get(result.step)
        if rung is None:
            return CONTINUE
        rung.first(
            history, trial.number
        )  # where another goes first, from a higher rung, this one is not looked at
        move = self._best(history, least=0, arriving=trial.number)
        if move is not None and move.trial == trial.number:
            return Verdict(stop=False, reason=move.reason, rung=rung.step)
        reason = self._reason(history, rung, trial.number, len(rung) // self._eta)
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
            number = rung.first(history, arriving)
            if number is None:
                continue
            keep = max(least, len(rung) // self._eta)
            if rung.rank(number) <= keep:
                return GoOn(number, self._reason(history, rung, number, keep), step)
        return None

    def _reason(self, history: History, rung: _Rung, number: int, keep: int) -> str:
        score, rank = rung.scores[number], rung.rank(number)
        return comparison(history.problem, rung.step, score, rank, len(rung), keep)


class _Rung:
    """Who has arrived at a step, and who of them waits there. Reads on in the history from where it stopped."""

    def __init__(self, step: int, counts: Callable[[int], bool]) -> None:
        self.step = step
        self._counts = counts
        self.scores: dict[int, float] = {}  # of all that have arrived, by trial, in order of arrival
        self._ascending: list[float] = []
        self._waiting: list[tuple[float, int, int]] = []  # a heap: score, order of arrival, trial
        self._read = 0

    def __len__(self) -> int:
        return len(self.scores)

    def rank(self, number: int) -> int:
        """Of a trial that has arrived: 1 is best; equal scores share a rank."""
        return bisect_left(self._ascending, self.scores[number]) + 1

    def first(self, history: History, arriving: int | None) -> int | None:
        """The best trial that waits here, of equal ones the one that came first."""
        for order, number, score in self._new(history):
            insort(self._ascending, score)
            heapq.heappush(self._waiting, (score, order, number))
        while self._waiting:
            number = self._waiting[0][2]
            if self._waits(history, number, arriving):
                return number
            heapq.heappop(self._waiting)  # it went on, or was closed: it does not come back to this rung
        return None

    def _new(self, history: History) -> list[tuple[int, int, float]]:
        """(order of arrival, trial, score) of those who have arrived since the last call."""
        arrived = history.scores_at(self.step)
        new = [
            (order, *arrived[order])
            for order in range(self._read, len(arrived))
            if self._counts(arrived[order][0])
        ]
        self._read = len(arrived)
        self.scores.update({number: score for _, number, score in new})
        return new

    def _waits(self, history: History, number: int, arriving: int | None) -> bool:
        trial = history.trials[number]
        return trial.steps == self.step and (number == arriving or trial.state == "paused")


class _FrontRung(_Rung):
    """The same where several objectives count: ranked by fronts, anew after each arrival."""

    def __init__(self, step: int, counts: Callable[[int], bool]) -> None:
        super().__init__(step, counts)
        self._points: list[tuple[float, ...]] = []
        self._ranks: dict[int, int] = {}

    def rank(self, number: int) -> int:
        return self._ranks[number]

    def first(self, history: History, arriving: int | None) -> int | None:
        if new := self._new(history):
            self._points += [scores_of(history.trials[number], self.step) for _, number, _ in new]
            ranks = merit_ranks(np.array(self._points))
            self._ranks = dict(zip(self.scores, ranks.tolist(), strict=True))
        waiting = [number for number in self.scores if self._waits(history, number, arriving)]
        return min(waiting, key=self._ranks.__getitem__, default=None)
