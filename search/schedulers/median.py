"""The median stopping rule: stop what does worse than the middle of what came before.

Golovin et al. 2017, "Google Vizier: A Service for Black-Box Optimization" (KDD), section 3.2.2.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence

from search.history import History
from search.problem import Problem
from search.schedulers.base import CONTINUE, Verdict
from search.schedulers.options import OptionCheck
from search.schedulers.rungs import default_min_iter
from search.trial import Outcome, Result, Trial

__all__ = ["MedianStopping"]


class MedianStopping:
    """Stops a trial at step s if its best score so far is worse than the median, over the trials that have ended and
    reached step s, of their mean score over steps 1 to s.

    `grace`: no trial is stopped before it has done so many steps; default a ninth of max_steps, rounded up. (The paper
    has none, and stops at step 1.) `min_trials`: trials to compare with, at the least; default 5. Trials that failed
    are not compared with; those that were stopped are, up to the step they reached. Equal to the median goes on.
    Where the objective counts the last step, scores at step s are compared, of this trial and of the others: each is of
    all the steps up to there already.
    Raises SettingsError: an option out of range.
    """

    def __init__(self, problem: Problem, *, grace: int | None = None, min_trials: int = 5) -> None:
        check = OptionCheck()
        default = default_min_iter(problem.max_steps, eta=3, share=10)
        self._grace = default if grace is None else check.whole("grace", grace, least=1)
        self._min_trials = check.whole("min_trials", min_trials, least=1)
        if self._grace > problem.max_steps:
            check.refuse("grace", f"must not exceed max_steps ({problem.max_steps}), got {self._grace}")
        check.done()
        self._last = problem.objective.counts == "last"
        self._means: dict[int, list[float]] = {}  # at each step: running means of the ended trials, sorted
        self._read = 0

    @property
    def rungs(self) -> tuple[int, ...]:
        return ()

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        if result.step < self._grace:
            return CONTINUE
        self._read_on(history)
        means = self._means.get(result.step, [])
        if len(means) < self._min_trials:
            return CONTINUE
        assert trial.best is not None
        assert trial.best.score is not None
        middle = _median(means)
        if trial.best.score <= middle:
            return CONTINUE
        value = history.problem.objective.value
        reason = (
            f"step {result.step}: its {'value' if self._last else 'best'}, {value(trial.best.score):.6g}, is worse than "
            f"{value(middle):.6g}, the median of {len(means)} ended trials' {'there' if self._last else 'means up to there'}"
        )
        return Verdict(stop=True, reason=reason, rung=result.step)

    def _read_on(self, history: History) -> None:
        """Take in the trials that have ended since the last call. A failed one may be run again, and counts then."""
        for observed in history.observations[self._read :]:
            if observed.number is None or observed.outcome is Outcome.FAILED:
                continue
            total = 0.0
            for count, (step, score) in enumerate(observed.curve, start=1):
                total += score
                insort(self._means.setdefault(step, []), score if self._last else total / count)
        self._read = len(history.observations)


def _median(ascending: Sequence[float]) -> float:
    half = len(ascending) // 2
    return ascending[half] if len(ascending) % 2 else (ascending[half - 1] + ascending[half]) / 2
