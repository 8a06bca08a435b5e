"""One config being trained, with its own seed: what was reported of it and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

__all__ = [
    "OF_THE_NODE",
    "Attempt",
    "Failure",
    "Outcome",
    "Result",
    "State",
    "Trial",
    "merit",
    "so_far",
    "trial_id",
    "trial_number",
    "violation",
]

State = Literal["waiting", "running", "paused", "completed", "stopped", "failed"]


class Outcome(StrEnum):
    """How a trial ended."""

    COMPLETED = "completed"  # ran to full fidelity, or finished by itself
    STOPPED = "stopped"  # ended early: by the scheduler, a budget or the user
    FAILED = "failed"  # crashed, hung, diverged or reported something that is no metric


OF_THE_NODE = ("node lost", "preempted")
"""Kinds of failure that are no fault of the trial's, and cost it none of its retries."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trial failed.

    `kind`: raised | bad metric | timeout | exited | out of memory | node lost | preempted | not started.
    `message`: one line. `log`: path of the traceback, relative to the run directory, or None.
    """

    kind: str
    message: str
    log: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "message": self.message, "log": self.log}


@dataclass(frozen=True, slots=True)
class Result:
    """The metrics of one trial after one step.

    `step` counts from 1. `score`: the objective made smaller-is-better; None when it, a further objective or a
    constrained metric is missing or not finite. `now`: seconds since the sweep began.
    `secondary`: scores of the further objectives. `excess`: of each outcome constraint (`OutcomeConstraint.excess`).
    """

    step: int
    metrics: Mapping[str, float]
    score: float | None
    now: float
    secondary: tuple[float, ...] = ()
    excess: tuple[float, ...] = ()

    @property
    def scores(self) -> tuple[float, ...] | None:
        """The scores of all objectives, the first one first; None where there is no `score`."""
        return None if self.score is None else (self.score, *self.secondary)

    @property
    def violation(self) -> float:
        """By how much the outcome constraints are broken in all; 0 = feasible."""
        return violation(self.excess)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of a trial on a worker. `after`: the failure that made this a retry."""

    number: int
    now: float
    node: str
    pid: int
    from_step: int
    after: Failure | None = None


@dataclass(slots=True)
class Trial:
    """A trial as far as the journal tells. Only `History` changes it; its state is derived, never stored."""

    number: int
    config: Mapping[str, Any]
    seed: int
    origin: str  # "given" (points of the sweep file), "searcher", or "scheduler" (a copy of its parent)
    asked: float
    parent: int | None = None  # the trial from whose checkpoint this one goes on, with another config
    from_step: int = 0  # steps that the parent had done by then: this one counts on from there
    results: list[Result] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    outcome: Outcome | None = None
    reason: str = ""
    failure: Failure | None = None
    closed: float | None = None
    best: Result | None = (
        None  # that counts: of the lowest score (the first), or newest; see Objective.counts
    )
    paused: bool = False  # it waits without a worker, or was closed while it waited
    pauses: list[float] = field(default_factory=list)  # when it was paused, on the sweep's clock
    idle: float = 0.0  # seconds that it has waited, paused, up to its newest attempt
    idle_since: float | None = None  # when it was paused, if no worker has begun with it since

    @property
    def id(self) -> str:
        """The name of the trial in files and on screen: `t00012`."""
        return trial_id(self.number)

    @property
    def steps(self) -> int:
        """Steps done so far, those that a parent did for it included."""
        return self.results[-1].step if self.results else self.from_step

    @property
    def last(self) -> Result | None:
        """The newest result."""
        return self.results[-1] if self.results else None

    @property
    def sound(self) -> bool:
        """Has a value that counts: it did not fail and breaks no outcome constraint."""
        return self.outcome is not Outcome.FAILED and self.best is not None and self.best.violation == 0

    @property
    def open(self) -> bool:
        """Asked for and not yet closed."""
        return self.outcome is None

    @property
    def state(self) -> State:
        if self.outcome is not None:
            return self.outcome.value
        if self.paused:
            return "paused"
        return "running" if self.attempts else "waiting"

    @property
    def seconds(self) -> float | None:
        """From the first start to the end, or to the last result of an open trial, without the time that it was paused;
        None before the start."""
        if not self.attempts:
            return None
        end = self.closed if self.closed is not None else (self.results[-1].now if self.results else None)
        if end is None:
            return None
        waits = 0.0 if self.idle_since is None else max(0.0, end - self.idle_since)
        return max(0.0, end - self.attempts[0].now - self.idle - waits)


def merit(result: Result) -> tuple[float, float]:
    """What results of one trial are ordered by: a feasible one comes before any other (Deb 2000)."""
    assert result.score is not None
    return result.violation, result.score


def so_far(results: Iterable[Result], *, last: bool) -> Iterator[float | None]:
    """The score that counted of a trial after each of its results: of the best so far, or the `last`; None before one."""
    best: Result | None = None
    for result in results:
        if result.score is not None and (last or best is None or merit(result) < merit(best)):
            best = result
        yield None if best is None else best.score


def violation(excess: Iterable[float]) -> float:
    """By how much constraints are broken in all, given the excess of each; 0 where all hold."""
    return sum(each for each in excess if each > 0)


def trial_id(number: int) -> str:
    """12 -> `t00012`."""
    return f"t{number:05d}"


def trial_number(text: str) -> int:
    """`t00012`, `t12` or `12` -> 12; ValueError for anything else."""
    digits = text.removeprefix("t")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"a trial is named like t00012 or 12, got {text!r}")
    return int(digits)
