"""What the driver tells a cohort, and what a cohort reports: values that are JSON, so that they can be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from search.trial import Failure

__all__ = ["Assignment", "Leave", "Orders", "Report"]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A trial that is to be given a lane.

    `config`: flat. `attempt`: number of this start, from 1. `from_step`: steps that its checkpoint holds; 0 = it begins.
    `alone`: it trains by itself.
    """

    number: int
    config: Mapping[str, Any]
    seed: int
    attempt: int
    from_step: int = 0
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """A trial that is to leave its lane. `save`: with a checkpoint, it will go on. `keep`: with one where that succeeds,
    since it may be asked for pictures of its work.
    """

    number: int
    save: bool = False
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Orders:
    """What a cohort is to do before its next step: those who leave go first, and their lanes are free.

    `draw`: trials that have ended, whose pictures are wanted; they need no lane.
    """

    leave: tuple[Leave, ...] = ()
    enter: tuple[Assignment, ...] = ()
    draw: tuple[Assignment, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Orders:
        return cls(
            tuple(Leave(**each) for each in data["leave"]),
            tuple(Assignment(**each) for each in data["enter"]),
            tuple(Assignment(**each) for each in data["draw"]),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one lane in a step.

    `problem`: why the metrics cannot be used. `failure`: what the trainable raised; the lane is empty then. `finished`: it
    ended by itself, and there are no metrics; its lane is kept until it is told to leave. `broken`: its whole stack failed,
    which says nothing about the trial; its lane is empty.
    """

    number: int
    step: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    problem: str | None = None
    failure: Failure | None = None
    finished: bool = False
    broken: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Report:
        failure = data["failure"]
        return cls(**{**data, "failure": Failure(**failure) if failure else None})
