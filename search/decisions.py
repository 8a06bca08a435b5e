"""What a sweep answers, and when it is over for good."""

from __future__ import annotations

from dataclasses import dataclass

from search.history import History
from search.trial import Failure, Outcome

__all__ = ["GO_ON", "Decision", "halted_for_good"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a report. `outcome` None: go on; else stop the trial and close it with this outcome.

    `pause`: save the trial and let go of it, without closing it; there is no outcome then.
    """

    outcome: Outcome | None
    reason: str = ""
    failure: Failure | None = None
    pause: bool = False

    @property
    def lets_go(self) -> bool:
        """Whether the worker is to let go of the trial."""
        return self.outcome is not None or self.pause


GO_ON = Decision(None)


def halted_for_good(history: History) -> str | None:
    """Why a sweep is over that no further budget would take up again: its target, or too many failures; or None."""
    failure, objective = history.problem.failure, history.problem.objective
    best = history.best.best if history.best is not None else None
    if objective.counts == "last" and best is not None and best.step < history.problem.max_steps:
        best = None  # a mean over some of the folds is not what the target was set for
    if best is not None and best.score is not None and objective.reached(best.score):
        return f"target {objective.metric} = {objective.target:g} reached"
    if failure.stop_after is not None and history.failed_total >= failure.stop_after:
        return f"{history.failed_total} trials failed"
    return None
