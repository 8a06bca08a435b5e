"""No early stopping: every trial trains to full fidelity."""

from __future__ import annotations

from search.history import History
from search.problem import Problem
from search.schedulers.base import CONTINUE, Verdict
from search.trial import Result, Trial

__all__ = ["NoStopping"]


class NoStopping:
    """Lets every trial go on."""

    def __init__(self, problem: Problem) -> None:
        pass

    @property
    def rungs(self) -> tuple[int, ...]:
        return ()

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        return CONTINUE
