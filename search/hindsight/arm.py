"""An arm of a replay: a method, a scheduler and a number of workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from search.errors import SettingsError
from search.hindsight.among import InOrder, Nearest
from search.hindsight.recorded import Record
from search.history import History
from search.problem import Problem
from search.schedulers import SCHEDULERS, Scheduler, make_scheduler
from search.searchers import SEARCHERS, Searcher, make_searcher
from spaces.errors import nearest

__all__ = ["RECORDED", "Arm", "arm_of"]

RECORDED = "recorded"
"""The method that tries the configs in the order of the run."""

_UNRECORDED = {
    "cmaes": "it learns from its own proposals alone, and none of them was recorded",
    "population": "it trains configs half-way that nobody has recorded",
}
"""Methods and schedulers that cannot be replayed among recorded configs, and why."""


@dataclass(frozen=True)
class Arm:
    """`options`: of the method; `rules`: of the scheduler. `workers`: trials at the same time."""

    method: str
    scheduler: str
    workers: int
    options: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for option, name, known in (
            ("--method", self.method, [RECORDED, *SEARCHERS]),
            ("--scheduler", self.scheduler, list(SCHEDULERS)),
        ):
            if name not in known:
                raise SettingsError(f"{option} {name}: unknown{nearest(name, known)}")
            if name in _UNRECORDED:
                able = [other for other in known if other not in _UNRECORDED]
                raise SettingsError(
                    f"{option} {name} cannot be replayed: {_UNRECORDED[name]}. Take one of {', '.join(able)}"
                )

    @property
    def name(self) -> str:
        """`tpe, asha, 4 workers`."""
        workers = "1 worker" if self.workers == 1 else f"{self.workers} workers"
        method = "the run's order" if self.method == RECORDED else self.method
        return f"{method}, {self.scheduler}, {workers}"

    def changed(self, method: str | None, scheduler: str | None, workers: int | None) -> Arm:
        """With another method, scheduler or number of workers; None: as it is. Options go with what they belong to."""
        other = self
        if method is not None and method != self.method:
            other = replace(other, method=method, options={})
        if scheduler is not None and scheduler != self.scheduler:
            other = replace(other, scheduler=scheduler, rules={})
        return other if workers is None else replace(other, workers=workers)

    def searcher(self, record: Record, problem: Problem, seed: int) -> InOrder | Nearest:
        """What proposes. With the run's own order seed 0 is that order, and every other seed one drawn from it."""
        if self.method == RECORDED:
            return InOrder(record, np.random.default_rng(seed) if seed else None)
        made: Searcher = make_searcher(self.method, problem, self.options)
        return Nearest(record, made)

    def make_scheduler(self, problem: Problem) -> Scheduler:
        return make_scheduler(self.scheduler, problem, self.rules)


def arm_of(history: History, concurrent: int) -> tuple[Arm, list[str]]:
    """(how the run was searched, what of that cannot be replayed). `concurrent`: its workers where it did not say."""
    settings = history.about.get("settings") or {}
    options, rules = dict(settings.get("method") or {}), dict(settings.get("early_terminate") or {})
    name, scheduler = str(options.pop("name", "unknown")), str(rules.pop("type", "none"))
    lost = []
    if name not in SEARCHERS or name in _UNRECORDED:
        why = _UNRECORDED.get(name, "nothing says how its configs were chosen")
        lost.append(f"the run's own method ({name}) cannot be replayed: {why}; its order stands for it")
        name, options = RECORDED, {}
    if scheduler not in SCHEDULERS or scheduler in _UNRECORDED:
        lost.append(
            f"the run's own early stopping ({scheduler}) cannot be replayed; it is replayed without any"
        )
        scheduler, rules = "none", {}
    return Arm(name, scheduler, int(settings.get("workers") or concurrent), options, rules), lost
