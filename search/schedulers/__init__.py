"""Schedulers: after each result, does the trial go on?

- `base`: the interface, `Scheduler`, and its answer, `Verdict`; `Promoter` for those that pause trials
- `none`, `median`, `asha`, `hyperband`: one rule each; `auto`: what the method of that name brings
- `promotion`: asha that pauses and promotes; `halving`, `rungs`, `options`: what asha and hyperband share
- `population`: population based training; `explore`: how a copy differs from its parent

`SCHEDULERS` names them as a sweep file does (`early_terminate.type`); `make_scheduler` makes one.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, cast

from search.errors import SettingsError
from search.problem import Problem
from search.schedulers.base import CONTINUE, Promoter, Scheduler, Verdict
from spaces.errors import nearest

__all__ = ["CONTINUE", "SCHEDULERS", "Promoter", "Scheduler", "Verdict", "make_scheduler"]

SCHEDULERS: dict[str, str] = {
    "none": "search.schedulers.none:NoStopping",
    "median": "search.schedulers.median:MedianStopping",
    "asha": "search.schedulers.asha:asha",
    "hyperband": "search.schedulers.hyperband:Hyperband",
    "population": "search.schedulers.population:Population",
    "auto": "search.schedulers.auto:Auto",
}


def make_scheduler(type: str, problem: Problem, options: Mapping[str, Any] | None = None) -> Scheduler:
    """The scheduler of a name in `SCHEDULERS`, with the options of its sweep file.

    Raises SettingsError: no such scheduler or option (names the nearest), or an option out of range.
    """
    if type not in SCHEDULERS:
        if type.startswith("ray/"):
            raise SettingsError(
                f"early_terminate.type: {type!r} is a scheduler of Ray Tune's own, which only the Ray runner has. "
                f"Run with --runner ray, or take one of {', '.join(SCHEDULERS)}"
            )
        raise SettingsError(f"early_terminate.type: unknown scheduler {type!r}{nearest(type, SCHEDULERS)}")
    module, _, attribute = SCHEDULERS[type].partition(":")
    rule = getattr(importlib.import_module(module), attribute)
    options = dict(options or {})
    known = [name for name in inspect.signature(rule).parameters if name != "problem"]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise SettingsError(
            [f"early_terminate.{name}: unknown option of {type}{nearest(name, known)}" for name in unknown]
        )
    return cast(Scheduler, rule(problem, **options))
