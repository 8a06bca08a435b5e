"""What a journal that is replayed must agree with: every decision of the scheduler is decided again, and compared."""

from __future__ import annotations

from search.audit import is_audited
from search.errors import JournalError
from search.history import Record
from search.problem import Problem
from search.schedulers.base import CONTINUE, Verdict
from search.trial import Failure, trial_id

__all__ = ["check_decision", "check_went_on"]


def check_decision(record: Record, answer: Verdict | Failure | None, problem: Problem) -> None:
    """A recorded decision must be what the scheduler decides again; failures and budgets are facts, not decisions.

    Raises JournalError: it is not, or a trial is audited that was not drawn for it.
    """
    if record["scheduler"] is None:
        return
    again = (answer.stop, answer.rung) if isinstance(answer, Verdict) else None
    if again != (record["scheduler"], record["rung"]):
        raise JournalError(
            f"{trial_id(record['trial'])}, step {record['step']}: the journal says "
            f"{'stop' if record['scheduler'] else 'go on'} ({record['reason']}), the scheduler now decides "
            f"{answer}. Resume with the version that wrote the journal"
        )
    if record.get("audit") and not is_audited(problem, record["trial"]):
        raise JournalError(
            f"{trial_id(record['trial'])}, step {record['step']}: the journal says that it runs on to be audited, but "
            f"it is not among the {problem.audit:g} that seed {problem.seed} draws. Resume with the version that wrote "
            f"the journal"
        )


def check_went_on(record: Record, answer: Verdict | Failure | None) -> None:
    """A trial that reports once more went on: that must be what was, and is, decided about its last result.

    Raises JournalError: it is not.
    """
    if answer != CONTINUE:
        raise JournalError(
            f"{trial_id(record['trial'])}, step {record['step']}: the journal says that the trial went on to this step, "
            f"the scheduler now decides {answer} before it. Resume with the scheduler, its options and the version that "
            f"wrote the journal"
        )
