"""What `method: auto` brings: a wide, short opening, and then successive halving that waits for nobody.

While nothing is known, many configs for a moment each say more than a few to the end: the first trials race from a
twenty-seventh of a full training, by promotion, so that none goes on for having come first. Once a searcher proposes from
what it learnt, most of its configs are good, and what counts is that they get to the end: from then on ASHA's stopping
rule, from a ninth. docs/decisions/auto.md has what was measured.
"""

from __future__ import annotations

from search.history import History
from search.problem import Problem
from search.schedulers.base import Move, Verdict
from search.schedulers.halving import Halving
from search.schedulers.options import OptionCheck
from search.schedulers.promotion import Promotion
from search.schedulers.rungs import read_ladder
from search.searchers.auto import OPENING
from search.trial import Outcome, Result, Trial

__all__ = ["Auto"]

_ETA = 3


class Auto:
    """Trials below number `opening` are promoted (`Promotion`), all later ones stopped (`Halving`); eta is 3.

    `opening`: trials of the opening; default 27; 0: none. A sweep file with a `run_cap` gets a quarter of it at most.
    Raises SettingsError: an option out of range.
    """

    def __init__(self, problem: Problem, *, opening: int = OPENING) -> None:
        check = OptionCheck()
        self._opening = check.whole("opening", opening, least=0)
        check.done()
        self._race = Promotion(problem, share=30, counts=self._opens)
        rungs, _ = read_ladder(problem, None, None, _ETA, share=10)
        self._later = Halving(rungs, _ETA, counts=lambda number: True)
        self._rungs = tuple(sorted({*self._race.rungs, *rungs}))

    @property
    def rungs(self) -> tuple[int, ...]:
        return self._rungs

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        if self._opens(trial.number):
            return self._race.decide(history, trial, result)
        return self._later.decide(history, result)

    def promote(self, history: History, last: bool) -> Move | None:
        last = last and not any(trial.outcome is Outcome.COMPLETED for trial in history.trials)
        return self._race.promote(history, last)

    def full(self, history: History) -> str | None:
        return None

    def _opens(self, number: int) -> bool:
        return number < self._opening
