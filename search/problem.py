"""What is to be solved: a space, an objective, a fidelity, a budget. Maximising is flipped here, once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from spaces import Space

__all__ = ["Budget", "Counts", "FailurePolicy", "Goal", "Objective", "Problem"]

Counts = Literal["best", "last"]
Goal = Literal["minimize", "maximize"]


@dataclass(frozen=True)
class Objective:
    """The metric that is searched for. A *score* is its value made smaller-is-better.

    `target`: a value of the metric; a trial that reaches it ends the sweep.
    `counts`: which step's value is a trial's value. "best": the best over its steps, as of a training that keeps its
    best epoch. "last": the newest, where each step adds evidence to the steps before it (a fold, a repeat): the best
    of them would be the luckiest, so trials with more steps go before trials with fewer, whatever their values.
    """

    metric: str
    goal: Goal = "minimize"
    target: float | None = None
    counts: Counts = "best"

    def __post_init__(self) -> None:
        if self.goal not in ("minimize", "maximize"):
            raise ValueError(f"goal must be minimize or maximize, got {self.goal!r}")
        if self.target is not None and not math.isfinite(self.target):
            raise ValueError(f"target must be finite, got {self.target}")
        if self.counts not in ("best", "last"):
            raise ValueError(f"counts must be best or last, got {self.counts!r}")

    def score(self, value: float) -> float:
        """Value of the metric -> score, smaller is better."""
        return -value if self.goal == "maximize" else value

    def value(self, score: float) -> float:
        """Score -> value of the metric, as the user knows it."""
        return -score if self.goal == "maximize" else score

    def reached(self, score: float) -> bool:
        """Whether a score is as good as the target (False without a target)."""
        return self.target is not None and score <= self.score(self.target)


@dataclass(frozen=True)
class Budget:
    """What the sweep may spend; None = no limit. Whichever ends first ends the sweep.

    `trials`: trials asked for. `seconds`: from the first ask, over all resumes. `steps`: steps of all trials together.
    """

    trials: int | None = None
    seconds: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        for name in ("trials", "seconds", "steps"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"budget.{name} must be positive, got {value}")


@dataclass(frozen=True)
class FailurePolicy:
    """`retries` of one trial after a crash (from its last checkpoint); the sweep ends after `stop_after` failed trials.

    `step_timeout`: seconds one step may take before the trial counts as hanging; None = no limit.
    A bad metric (missing, not a number, not finite) is never retried: it would come again.
    """

    retries: int = 0
    stop_after: int | None = 10
    step_timeout: float | None = None

    def __post_init__(self) -> None:
        if self.retries < 0:
            raise ValueError(f"failure.retries must be 0 or more, got {self.retries}")
        for name in ("stop_after", "step_timeout"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"failure.{name} must be positive, got {value}")


@dataclass(frozen=True)
class Problem:
    """Everything that a searcher, a scheduler and a runner need to know, and nothing about where it runs.

    `max_steps`: steps of one trial at full fidelity. `points`: configs to try first, in order.
    """

    space: Space
    objective: Objective
    max_steps: int
    budget: Budget
    failure: FailurePolicy = field(default_factory=FailurePolicy)
    seed: int = 0
    points: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if self.max_steps < 1:
            raise ValueError(f"max_steps must be 1 or more, got {self.max_steps}")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more, got {self.seed}")

    def to_json(self) -> dict[str, Any]:
        """A dict for the journal's header; `from_json` gives an equal problem back."""
        return {
            "space": self.space.to_json(),
            "objective": _objective_json(self.objective),
            "max_steps": self.max_steps,
            "budget": asdict(self.budget),
            "failure": asdict(self.failure),
            "seed": self.seed,
            "points": [dict(point) for point in self.points],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Problem:
        """The inverse of `to_json`."""
        return cls(
            space=Space.from_json(data["space"]),
            objective=Objective(**data["objective"]),
            max_steps=data["max_steps"],
            budget=Budget(**data["budget"]),
            failure=FailurePolicy(**data["failure"]),
            seed=data["seed"],
            points=tuple(data["points"]),
        )


def _objective_json(objective: Objective) -> dict[str, Any]:
    """What is as it was before there was a choice is left out: a journal of then has the same header today."""
    data = asdict(objective)
    if objective.counts == "best":
        del data["counts"]
    return data
