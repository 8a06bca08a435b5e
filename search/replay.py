"""What a journal that is replayed must agree with: every decision of the scheduler is decided again, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from search.audit import is_audited
from search.errors import JournalError
from search.history import PAUSED, History, Record
from search.problem import Problem
from search.schedulers.base import CONTINUE, Copy, GoOn, Move, Verdict
from search.trial import Failure, Trial, trial_id
from spaces.values import listed

__all__ = ["Answer", "check_decision", "check_move", "check_went_on", "copied", "replay"]

Answer = Verdict | Failure | None
"""What follows from a result: the scheduler's verdict, a failure, or None: the trial is complete."""


def replay(
    history: History,
    records: Iterable[Record],
    judge: Callable[[Trial], Answer],
    promote: Callable[[History, bool], Move | None] | None,
) -> dict[int, Answer]:
    """Take `records` into `history`, in order; the answers that should stand in them and do not, by trial.

    `judge`: what follows from a trial's newest result. `promote`: what a free worker does (`Promoter.promote`); None where
    the scheduler pauses nobody. Raises JournalError: either comes out otherwise than it was recorded.
    """
    answers: dict[int, Answer] = {}
    for record in records:
        if promote is not None and record["type"] in ("ask", "promote"):
            check_move(record, promote(history, record.get("last", False)))
        history.apply(record)
        number = record.get("trial", -1)
        match record["type"]:
            case "result" if not record.get("again"):
                check_went_on(record, answers.get(number, CONTINUE))
                answers[number] = judge(history.trials[number])
            case "decision":
                check_decision(record, answers.pop(number, CONTINUE), history.problem)
            case "close":
                answers.pop(number, None)
    return {number: answer for number, answer in answers.items() if answer != CONTINUE}


def check_decision(record: Record, answer: Answer, problem: Problem) -> None:
    """A recorded decision must be what the scheduler decides again; failures and budgets are facts, not decisions.

    Raises JournalError: it is not, or a trial is audited that was not drawn for it.
    """
    if record["scheduler"] is None:
        return
    again = (answer.stop, answer.rung) if isinstance(answer, Verdict) else None
    paused, cut = record["outcome"] == PAUSED, not record["scheduler"] and record["outcome"] == "stopped"
    pauses = isinstance(answer, Verdict) and answer.pause
    if again != (record["scheduler"], record["rung"]) or (pauses != paused and not cut):
        raise JournalError(
            f"{trial_id(record['trial'])}, step {record['step']}: the journal says "
            f"{'stop' if record['scheduler'] else 'pause' if paused else 'go on'} ({record['reason']}), the scheduler now decides "
            f"{answer}. Resume with the version that wrote the journal"
        )
    if record.get("audit") and not is_audited(problem, record["trial"]):
        raise JournalError(
            f"{trial_id(record['trial'])}, step {record['step']}: the journal says that it runs on to be audited, but "
            f"it is not among the {problem.audit:g} that seed {problem.seed} draws. Resume with the version that wrote "
            f"the journal"
        )


def check_went_on(record: Record, answer: Answer) -> None:
    """A trial that reports once more went on: that must be what was, and is, decided about its last result.

    Raises JournalError: it is not.
    """
    if answer != CONTINUE:
        raise JournalError(
            f"{trial_id(record['trial'])}, step {record['step']}: the journal says that the trial went on to this step, "
            f"the scheduler now decides {answer} before it. Resume with the scheduler, its options and the version that "
            f"wrote the journal"
        )


def check_move(record: Record, move: Move | None) -> None:
    """What a free worker was given must be what the scheduler now gives it: the paused trial, the copy, or a new config.

    Raises JournalError: it is not.
    """
    if record["type"] == "promote":
        same = isinstance(move, GoOn) and move.trial == record["trial"]
        said = f"it was paused, and goes on ({record['reason']})"
    elif record["origin"] == "scheduler":
        same = (
            move is not None
            and not isinstance(move, GoOn)
            and (move.parent, move.replaces) == (record.get("parent"), record.get("replaces"))
            and {name: listed(value) for name, value in move.config.items()} == record["config"]
        )
        said = f"it is a copy of another, with another config ({record.get('reason')})"
    else:
        same, said = move is None, "it is a new trial"
    if not same:
        raise JournalError(
            f"{trial_id(record['trial'])}: the journal says that {said}; the scheduler now decides "
            f"{move or 'on a new trial'}. Resume with the scheduler, its options and the version that wrote the journal"
        )


def copied(history: History, move: Copy, seed: int) -> dict[str, Any]:
    """The members of the `ask` record of a copy: a trial that has done its parent's steps."""
    return {
        "trial": len(history.trials),
        "config": {name: listed(value) for name, value in move.config.items()},
        "seed": seed,
        "origin": "scheduler",
        "parent": move.parent,
        "from_step": history.trials[move.parent].steps,
        "replaces": move.replaces,
        "reason": move.reason,
    }
