"""Hyperband without barriers: several brackets of asynchronous successive halving side by side.

Li et al. 2018, "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization" (JMLR 18): nobody knows how
early is too early to stop, so spend about as much on each answer. Li et al. 2020 (section 3.2) put ASHA in the place
of the synchronous brackets, and so does this. With the searcher `tpe` it is what Falkner et al. 2018 call BOHB.
"""

from __future__ import annotations

from functools import partial

from search.history import History
from search.problem import Problem
from search.schedulers.base import Verdict
from search.schedulers.halving import Halving
from search.schedulers.rungs import read_ladder
from search.trial import Result, Trial

__all__ = ["Brackets", "Hyperband"]


class Hyperband:
    """Bracket s halves at the last s rungs below full fidelity, for s = 0 (never) to s_max (at all rungs).

    Trials are compared within their bracket. `min_iter`, `max_iter`, `eta`: as for `Asha`, but the first rung lies by
    default at 1/27 of max_steps (eta = 3): a bracket that stops too early costs only its own share.
    Departs from the paper: brackets run interleaved and for ever, rather than one after the other in rounds.
    Raises SettingsError: an option out of range.
    """

    def __init__(
        self, problem: Problem, *, min_iter: int | None = None, max_iter: int | None = None, eta: int = 3
    ) -> None:
        self._rungs, eta = read_ladder(problem, min_iter, max_iter, eta, share=30)
        s_max = len(self._rungs)
        self.brackets = Brackets(s_max, eta)
        self._halvings = [
            Halving(self._rungs[s_max - s :], eta, partial(self._belongs, s), label=f"bracket {s}, ")
            for s in range(s_max + 1)
        ]

    @property
    def rungs(self) -> tuple[int, ...]:
        return self._rungs

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        return self._halvings[self.brackets.of(trial.number)].decide(history, result)

    def _belongs(self, bracket: int, number: int) -> bool:
        return self.brackets.of(number) == bracket


class Brackets:
    """Which bracket a trial belongs to: a function of its number alone, so nobody has to remember it.

    In the paper's proportion (Li et al. 2018, algorithm 1): bracket s gets n_s = ceil((s_max + 1) * eta**s / (s + 1))
    trials of each round, so that every bracket spends about the same number of steps. Each next trial goes to the
    bracket that is furthest behind its share, of equals to the one that stops earlier: the proportion holds, to within
    one trial a bracket, wherever a budget happens to end.
    """

    def __init__(self, s_max: int, eta: int) -> None:
        self.sizes = tuple(-(-(s_max + 1) * eta**s // (s + 1)) for s in range(s_max + 1))
        self._given = [0] * len(self.sizes)
        self._of: list[int] = []

    def of(self, number: int) -> int:
        """The bracket of trial `number`, 0 to s_max."""
        while len(self._of) <= number:
            bracket = max(range(len(self.sizes)), key=self._behind)
            self._given[bracket] += 1
            self._of.append(bracket)
        return self._of[number]

    def _behind(self, bracket: int) -> tuple[int, int]:
        share = self.sizes[bracket] * (len(self._of) + 1)
        return share - self._given[bracket] * sum(self.sizes), bracket
