"""The algebra of successive halving: where the rungs lie, and how a trial ranks at one."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable

import numpy as np

from search.history import History
from search.problem import Problem
from search.schedulers.fronts import merit_ranks, scores_of
from search.schedulers.options import OptionCheck

__all__ = ["Rung", "default_min_iter", "geometric", "read_ladder"]


def geometric(min_iter: int, max_iter: int, eta: int) -> tuple[int, ...]:
    """min_iter, min_iter * eta, min_iter * eta**2, ... up to and including max_iter.

    Whole numbers throughout: by logarithms, floor(log(243) / log(3)) is 4, and the rung at 243 is lost.
    """
    steps = []
    step = min_iter
    while step <= max_iter:
        steps.append(step)
        step *= eta
    return tuple(steps)


def default_min_iter(max_steps: int, eta: int, share: int) -> int:
    """The first rung where the sweep file names none: about 1/`share` of full fidelity.

    It is max_steps / eta**k rounded up, with the largest k >= 1 for which eta**k <= share: for eta = 3, a ninth where
    `share` is 10. Rounded so, the rungs climb evenly to max_steps, and none lies just short of it.
    """
    divisor = eta
    while divisor * eta <= share:
        divisor *= eta
    return -(-max_steps // divisor)


def read_ladder(
    problem: Problem, min_iter: int | None, max_iter: int | None, eta: int, share: int
) -> tuple[tuple[int, ...], int]:
    """The options common to asha and hyperband -> (the rungs below full fidelity, eta). `share`: for the default.

    Raises SettingsError: an option is no whole number, or out of range.
    """
    check = OptionCheck()
    eta = check.whole("eta", eta, least=2)
    last = problem.max_steps if max_iter is None else check.whole("max_iter", max_iter, least=1)
    if last > problem.max_steps:
        check.refuse(
            "max_iter",
            f"must not exceed max_steps ({problem.max_steps}), got {last}. Leave it out: it is max_steps by default",
        )
    default = min(default_min_iter(problem.max_steps, eta, share), last)
    first = default if min_iter is None else check.whole("min_iter", min_iter, least=1)
    if check.sound and first > last:
        check.refuse("min_iter", f"must not exceed {last}, the last step that counts, got {first}")
    check.done()
    return tuple(step for step in geometric(first, last, eta) if step < problem.max_steps), eta


class Rung:
    """The scores of one bracket's trials at one step, kept sorted. Of several objectives all scores, ranked by fronts.

    `counts`: whether the trial of a number belongs to the bracket. Reads on in the history from where it stopped, so a
    decision costs a binary search and one insertion.
    """

    def __init__(self, step: int, counts: Callable[[int], bool]) -> None:
        self.step = step
        self._counts = counts
        self._sorted: list[float] = []
        self._points: list[tuple[float, ...]] = []  # where there are several objectives, in order of arrival
        self._read = 0

    def place(self, history: History, score: float) -> tuple[int, int]:
        """(rank, of): where `score`, of the newest to arrive here, ranks among all. 1 is best; equal scores share a rank."""
        arrived = history.scores_at(self.step)
        if history.problem.secondary:
            own = [number for number, _ in arrived[self._read :] if self._counts(number)]
            self._points += [scores_of(history.trials[number], self.step) for number in own]
            self._read = len(arrived)
            return int(merit_ranks(np.array(self._points))[-1]), len(self._points)
        for number, other in arrived[self._read :]:
            if self._counts(number):
                insort(self._sorted, other)
        self._read = len(arrived)
        return bisect_left(self._sorted, score) + 1, len(self._sorted)
