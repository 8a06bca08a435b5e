"""What the audit of early stopping looked at, and what it cost."""

from __future__ import annotations

from typing import Any

from search.analysis.ranking import best_score
from search.history import PAUSED, History, Record
from search.trial import Outcome, Trial

__all__ = ["audit", "audit_steps", "stopped_by_scheduler"]


def audit(history: History) -> dict[str, Any]:
    """The audited trials as numbers.

    `share`: of the stopped trials that is audited, as the sweep file says. `trials`: how many the scheduler stopped and let run
    on. `whole`: how many of them completed, which the estimate needs. `steps`: what they trained after their stop.
    `share_of_steps`: of all steps of the sweep; None before the first. `ahead`: ids of those, running or ended, that are ahead
    of every trial that was let through, best first.
    """
    numbers = history.audited
    through = [
        score for t in history.trials if t.number not in numbers and (score := best_score(t)) is not None
    ]
    scored = [
        (score, number) for number in numbers if (score := best_score(history.trials[number])) is not None
    ]
    steps = sum(audit_steps(history).values())
    return {
        "share": history.problem.audit,
        "trials": len(numbers),
        "whole": sum(history.trials[number].outcome is Outcome.COMPLETED for number in numbers),
        "steps": steps,
        "share_of_steps": steps / history.steps_total if history.steps_total else None,
        "ahead": [
            history.trials[number].id for score, number in sorted(scored) if through and score < min(through)
        ],
    }


def audit_steps(history: History) -> dict[int, int]:
    """Audited trial -> steps that it trained after the scheduler had stopped it."""
    return {number: history.trials[number].steps - step for number, step in history.audited.items()}


def stopped_by_scheduler(history: History) -> dict[int, int]:
    """Trial -> the step at which the scheduler stopped it for good, by number; the audited are not among them. One that was
    paused and never taken up again was stopped where it waited."""
    return {
        record["trial"]: int(record["step"])
        for record in history.decisions
        if (record["scheduler"] or _stayed(history.trials[record["trial"]], record))
        and not record.get("audit")
        and history.trials[record["trial"]].outcome is Outcome.STOPPED
    }


def _stayed(trial: Trial, record: Record) -> bool:
    """Whether a trial was closed while it waited, as this decision had said."""
    return record["outcome"] == PAUSED and trial.paused and trial.steps == record["step"]
