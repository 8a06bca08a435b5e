"""The scheduler's interface: go on, pause or stop, given all that is known; and which paused trial goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from search.history import History
from search.trial import Result, Trial

__all__ = ["CONTINUE", "Copy", "GoOn", "Move", "Promoter", "Scheduler", "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to stop a trial, and why.

    `rung`: the step at which it was compared with others, or None when it was not compared.
    `reason`: one clause with the numbers compared, for the journal and the report; empty only for CONTINUE.
    `pause`: it keeps a checkpoint and gives its worker back, until a `Promoter` takes it up again; never with `stop`.
    """

    stop: bool
    reason: str
    rung: int | None = None
    pause: bool = False


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


@dataclass(frozen=True, slots=True)
class GoOn:
    """A paused trial is taken up again, from where it stands. `rung`: the step at which it waited."""

    trial: int
    reason: str
    rung: int | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """A new trial goes on from the checkpoint of `parent`, which is paused, with another config.

    `replaces`: the trial whose place it takes; one that is open is closed as stopped.
    """

    parent: int
    replaces: int
    config: Mapping[str, Any]
    reason: str


Move = GoOn | Copy


@runtime_checkable
class Promoter(Scheduler, Protocol):
    """A scheduler that pauses trials, and says which of them goes on when a worker is free.

    The sweep calls `promote` before it asks the searcher for a config, as often as there is room for a trial. The answer
    is a function of (history, last) alone, and is checked again when a journal is replayed.
    """

    def promote(self, history: History, last: bool) -> Move | None:
        """What a free worker does, before any new config; None: nothing of this, for now.

        `last`: no further config will come (the budget of trials is spent, or the space). With nothing running, what is
        not taken up then is closed as stopped when the sweep ends.
        """

    def full(self, history: History) -> str | None:
        """Why no new config is taken in, however much is left to spend; None: one is welcome."""
