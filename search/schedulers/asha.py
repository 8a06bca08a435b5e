"""ASHA: successive halving that waits for nobody.

Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning" (MLSys), pause a trial at each rung and promote
it once it is among the best 1/eta there: `promotion.Promotion`. `Asha` is the stopping variant: it decides on arrival and
never resumes what it stopped, as the `stopping` type of Syne Tune and the ASHA of Ray Tune do: no checkpoint has to be
kept of a trial that waits.
"""

from __future__ import annotations

from search.history import History
from search.problem import Problem
from search.schedulers.base import Scheduler, Verdict
from search.schedulers.halving import Halving
from search.schedulers.options import OptionCheck
from search.schedulers.promotion import Promotion
from search.schedulers.rungs import read_ladder
from search.trial import Result, Trial

__all__ = ["Asha", "asha"]


def asha(
    problem: Problem,
    *,
    min_iter: int | None = None,
    max_iter: int | None = None,
    eta: int = 3,
    promote: bool = False,
) -> Scheduler:
    """What a sweep file calls `asha`. `promote`: pause trials at the rungs and promote them, rather than stop them.

    Raises SettingsError: an option out of range.
    """
    check = OptionCheck()
    promote = check.flag("promote", promote)
    check.done()
    rule = Promotion if promote else Asha
    return rule(problem, min_iter=min_iter, max_iter=max_iter, eta=eta)


class Asha:
    """One bracket over rungs min_iter, min_iter * eta, ... (see `Halving` for the rule).

    `min_iter`: first rung, in steps; default a ninth of max_steps (eta = 3): stopping after the first step or two
    follows what is quick to start, not what ends well, and teaches it to the searcher. `max_iter`: no rung beyond it; default
    max_steps, where a trial is complete and nothing is left to decide. `eta`: one in eta goes on; default 3.
    Raises SettingsError: an option out of range.
    """

    def __init__(
        self, problem: Problem, *, min_iter: int | None = None, max_iter: int | None = None, eta: int = 3
    ) -> None:
        self._rungs, eta = read_ladder(problem, min_iter, max_iter, eta, share=10)
        self._bracket = Halving(self._rungs, eta, counts=lambda number: True)

    @property
    def rungs(self) -> tuple[int, ...]:
        return self._rungs

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        return self._bracket.decide(history, result)
