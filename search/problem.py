"""What is to be solved: a space, an objective, a fidelity, a budget. Maximising is flipped here, once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from search.outcomes import OutcomeConstraint
from spaces import Space
from spaces.errors import nearest
from spaces.parameter import Role

__all__ = ["MOST_OBJECTIVES", "Budget", "Counts", "FailurePolicy", "Goal", "Objective", "Problem", "Repeats"]

Counts = Literal["best", "last"]
Goal = Literal["minimize", "maximize"]

MOST_OBJECTIVES = 3
"""Beyond three hardly any trial is dominated by another, and a front tells nothing apart."""


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
class Repeats:
    """What the steps of a trial are where each is a whole training: of another fold of the data, or another seed.

    `times`: how many at full fidelity. `length`: steps of one training at most.
    """

    over: Literal["folds", "seeds"]
    times: int
    length: int


@dataclass(frozen=True)
class Problem:
    """Everything that a searcher, a scheduler and a runner need to know, and nothing about where it runs.

    `max_steps`: steps of one trial at full fidelity. `points`: configs to try first, in order.
    `secondary`: further objectives. With any, a trial's values are those of its newest result, all at one step, for
    the best of each over the steps might be had by no step at all; none has a target.
    `outcome_constraints`: a trial whose values break one is infeasible and never wins.
    `repeats`: what the steps are where each is a whole training; None: steps of one training.
    `audit`: share, 0 to 1, of the trials that the scheduler stops and that run on to be audited (`search.audit`).
    """

    space: Space
    objective: Objective
    max_steps: int
    budget: Budget
    failure: FailurePolicy = field(default_factory=FailurePolicy)
    seed: int = 0
    points: tuple[Mapping[str, Any], ...] = ()
    audit: float = 0.0
    secondary: tuple[Objective, ...] = ()
    outcome_constraints: tuple[OutcomeConstraint, ...] = ()
    repeats: Repeats | None = None

    def __post_init__(self) -> None:
        if self.max_steps < 1:
            raise ValueError(f"max_steps must be 1 or more, got {self.max_steps}")
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more, got {self.seed}")
        if not 0 <= self.audit <= 1:
            raise ValueError(f"audit must lie between 0 and 1, got {self.audit}")
        if not self.secondary:
            return
        names = [each.metric for each in self.objectives]
        if len(set(names)) < len(names):
            raise ValueError(f"each objective is another metric, got {', '.join(names)}")
        if len(names) > MOST_OBJECTIVES:
            raise ValueError(f"there may be {MOST_OBJECTIVES} objectives, got {len(names)}")
        if any(each.target is not None or each.counts != "last" for each in self.objectives):
            raise ValueError("several objectives have no target, and count the last step")

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """All of them, the first one first."""
        return (self.objective, *self.secondary)

    def lacks(self, metrics: Mapping[str, float]) -> str | None:
        """What keeps a result from counting: a metric that is asked for and missing, or not finite; None: nothing."""
        asked = [each.metric for each in self.objectives] + [each.metric for each in self.outcome_constraints]
        for metric in asked:
            value = metrics.get(metric)
            if value is None:
                return f"{metric} is missing{nearest(metric, metrics)}"
            if not math.isfinite(value):
                return f"{metric} is {value}"
        return None

    @property
    def roles(self) -> Mapping[str, Role]:
        """Name -> what the experiment does with the parameter, of those for which it was said; it stands in the space."""
        return {each.name: each.role for each in self.space.parameters if each.role is not None}

    def to_json(self) -> dict[str, Any]:
        """A dict for the journal's header; `from_json` gives an equal problem back."""
        limits = [each.text for each in self.outcome_constraints]
        return {
            "space": self.space.to_json(),
            "objective": _objective_json(self.objective),
            "max_steps": self.max_steps,
            "budget": asdict(self.budget),
            "failure": asdict(self.failure),
            "seed": self.seed,
            "points": [dict(point) for point in self.points],
            **({"audit": self.audit} if self.audit else {}),
            **({"repeats": asdict(self.repeats)} if self.repeats else {}),
            **({"secondary": [_objective_json(each) for each in self.secondary]} if self.secondary else {}),
            **({"outcome_constraints": limits} if limits else {}),
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
            audit=data.get("audit", 0.0),
            repeats=Repeats(**data["repeats"]) if data.get("repeats") else None,
            secondary=tuple(Objective(**each) for each in data.get("secondary", ())),
            outcome_constraints=tuple(map(OutcomeConstraint.parse, data.get("outcome_constraints", ()))),
        )


def _objective_json(objective: Objective) -> dict[str, Any]:
    """What is as it was before there was a choice is left out: a journal of then has the same header today."""
    data = asdict(objective)
    if objective.counts == "best":
        del data["counts"]
    return data
