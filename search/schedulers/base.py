"""The scheduler's interface: go on or stop, given all that is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from search.history import History
from search.trial import Result, Trial

__all__ = ["CONTINUE", "Scheduler", "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to stop a trial, and why.

    `rung`: the step at which it was compared with others, or None when it was not compared.
    `reason`: one clause with the numbers compared, for the journal and the report; empty only for CONTINUE.
    """

    stop: bool
    reason: str
    rung: int | None = None


CONTINUE = Verdict(stop=False, reason="")


class Scheduler(Protocol):
    """Decides after a result whether its trial goes on.

    The sweep calls `decide` exactly once for each (trial, step) below full fidelity with a finite score, in the order
    of the journal, after the result has entered the history. The answer is a function of the history alone: replaying
    a journal through a fresh object gives the same answers. Cursors into the append-only lists are allowed.
    """

    @property
    def rungs(self) -> tuple[int, ...]:
        """Steps at which trials are compared, ascending; empty when it compares at every step or at none."""

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        """Go on or stop. `result` is `trial.last`, its score is finite."""
