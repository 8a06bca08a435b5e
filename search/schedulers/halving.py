"""One bracket of asynchronous successive halving, by its stopping rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from search.history import History
from search.problem import Problem
from search.schedulers.base import CONTINUE, Verdict
from search.schedulers.rungs import Rung
from search.trial import Result

__all__ = ["Halving", "comparison"]


class Halving:
    """At each rung, a trial goes on if it is among the best 1/eta of those that have arrived there so far.

    Of n arrivals, itself included, the best max(1, n // eta) go on; so the first one always does, and until there are
    2 * eta of them only a trial that beats or equals all before it. Equal scores share the better rank: trials that
    cannot be told apart all go on. Nobody waits for anybody; a trial is judged once at each rung, in order of arrival.
    A trial that failed before a rung never arrives at it, so it takes nobody's place there.

    `counts`: whether the trial of a number belongs to this bracket. `label`: begins each reason.
    """

    def __init__(
        self, rungs: Sequence[int], eta: int, counts: Callable[[int], bool], label: str = ""
    ) -> None:
        self._rungs = {step: Rung(step, counts) for step in rungs}
        self._eta = eta
        self._label = label

    def decide(self, history: History, result: Result) -> Verdict:
        """Go on or stop, at a rung; CONTINUE between rungs. `result.score` is finite."""
        rung = self._rungs.get(result.step)
        if rung is None:
            return CONTINUE
        assert result.score is not None
        rank, arrived = rung.place(history, result.score)
        keep = max(1, arrived // self._eta)
        reason = f"{self._label}{comparison(history.problem, rung.step, result.score, rank, arrived, keep)}"
        return Verdict(stop=rank > keep, reason=reason, rung=rung.step)


def comparison(problem: Problem, rung: int, score: float, rank: int, arrived: int, keep: int) -> str:
    """What was compared at a rung, with the numbers: `rung 3: 0.412 is 7th of 9, the best 3 go on`."""
    best = {0: "none goes on yet", 1: "the best goes on"}.get(keep, f"the best {keep} go on")
    if problem.secondary:
        return f"rung {rung}: {ordinal(rank)} of {arrived} by fronts, {best}"
    return f"rung {rung}: {problem.objective.value(score):.6g} is {ordinal(rank)} of {arrived}, {best}"


def ordinal(number: int) -> str:
    """1 -> 1st, 2 -> 2nd, 11 -> 11th."""
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
