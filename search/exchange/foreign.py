"""What any tool's record of a search comes down to, before it becomes a run."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from search.errors import SettingsError
from search.outcomes import OutcomeConstraint
from search.problem import Goal, Objective
from search.trial import Failure, Outcome
from spaces import Domain, Space, Value
from spaces.errors import nearest
from spaces.values import listed, normal

__all__ = ["Foreign", "ForeignResult", "ForeignTrial", "chosen_goal", "chosen_metric", "plain"]

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class ForeignResult:
    """The metrics of a trial at one step. `now`: seconds since the search began, or None."""

    step: int
    metrics: Mapping[str, float]
    now: float | None = None


@dataclass
class ForeignTrial:
    """A trial as another tool tells of it, in the order in which that tool numbers them.

    `config`: flat; names and values as they stand there (values by `plain`). `results`: steps from 1, upwards; a step may
    come twice (a trial that was restored). `outcome`: None = not ended. `asked`, `started`, `ended`: seconds since the
    search began, or None where nobody said. `traceback`: text. `whole`: whether the config is known to be complete.
    """

    config: dict[str, Value]
    results: list[ForeignResult] = field(default_factory=list)
    outcome: Outcome | None = None
    reason: str = ""
    failure: Failure | None = None
    asked: float | None = None
    started: float | None = None
    ended: float | None = None
    stopped_by_scheduler: bool = False
    traceback: str | None = None
    seed: int = 0
    origin: str = "imported"
    node: str = ""
    pid: int = 0
    whole: bool = True


@dataclass
class Foreign:
    """A search that another tool recorded.

    `tool`: Ray Tune, Optuna or Weights & Biases. `source`: where it was read from, as the user wrote it. `name`: what the
    search is called there. `objectives`: the first one is the run's. `space`: where the tool knows all of it. `domains`:
    else what it knows, by foreign name; the rest is inferred from the values. `max_steps`: None = of the longest trial.
    `began`: ISO 8601, or None. `notes`: what a reader of the run should know, a sentence each.
    """

    tool: str
    source: str
    name: str
    objectives: tuple[Objective, ...]
    trials: list[ForeignTrial]
    space: Space | None = None
    domains: Mapping[str, Domain] = field(default_factory=dict)
    outcome_constraints: tuple[OutcomeConstraint, ...] = ()
    max_steps: int | None = None
    seed: int = 0
    began: str | None = None
    notes: list[str] = field(default_factory=list)


def plain(value: object) -> Value:
    """Any value of a foreign config as one that a config may hold: what is not finite, nested or an object becomes text.

    Memory addresses are left out of the text of an object, so that equal objects of two trials stay equal.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str):
        return _ADDRESS.sub("", value.encode("utf-8", "replace").decode())
    if isinstance(value, list | tuple):
        cells = [plain(each) for each in value]
        return normal(cells)
    if isinstance(value, Mapping):
        return json.dumps({str(key): listed(plain(each)) for key, each in value.items()}, sort_keys=True)
    if value is None or isinstance(value, bool | int | float):
        return normal(value)
    return plain(str(value))


def chosen_metric(given: str | None, known: str | None, metrics: Sequence[str], source: str) -> str:
    """The metric that was asked for, or the one that the source names. Raises SettingsError: neither, or no such metric."""
    wanted = given if given is not None else known
    if wanted is None:
        if len(metrics) == 1:
            return metrics[0]
        listed_ = ", ".join(map(repr, metrics)) or "none at all"
        raise SettingsError(
            f"{source}: does not say which metric was searched for. Give --metric; it has {listed_}"
        )
    if wanted not in metrics:
        raise SettingsError(f"{source}: no trial reports {wanted!r}{nearest(wanted, metrics)}. Give --metric")
    return wanted


def chosen_goal(given: Goal | None, known: Goal | None, metric: str, source: str) -> Goal:
    """The goal that was asked for, or the one that the source names. Raises SettingsError: neither, or a contradiction."""
    if given is not None and known is not None and given != known:
        raise SettingsError(
            f"{source}: says {known} {metric}, --goal says {given}. Leave --goal out, or correct it"
        )
    goal = given or known
    if goal is None:
        raise SettingsError(
            f"{source}: does not say whether {metric} is to be small or large. "
            "Give --goal minimize or --goal maximize"
        )
    return goal
