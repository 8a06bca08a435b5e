"""Search: what to try, when to stop, what was learned.

- `api`: `Sweep` (to be run), `resume`; `run`: `Run` (what a sweep left behind)
- `sweep`: the passive state machine; `journal`: its record; `history`: the record, read; `paths`: the run directory
- `problem`, `trial`, `seeds`, `errors`, `provenance`: the values that everything else is made of
- `searchers/`: propose configs; `schedulers/`: stop trials; `runners/`: execute trials
- `settings/`: the sweep file; `views/`: TensorBoard, console, data frames; `analysis/`, `report/`: what was learned

Importing this package imports none of them: a name is looked up when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search.api import Sweep, resume
    from search.problem import Budget, FailurePolicy, Objective, Problem
    from search.run import Best, Run
    from search.trial import Failure, Outcome, Result, Trial

__all__ = [
    "Best",
    "Budget",
    "Failure",
    "FailurePolicy",
    "Objective",
    "Outcome",
    "Problem",
    "Result",
    "Run",
    "Sweep",
    "Trial",
    "resume",
]

_HOMES = {
    "search.api": ("Sweep", "resume"),
    "search.problem": ("Budget", "FailurePolicy", "Objective", "Problem"),
    "search.run": ("Best", "Run"),
    "search.trial": ("Failure", "Outcome", "Result", "Trial"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
