"""The face of tuneyard: the public names, and the command line.

    from tuneyard import Sweep

    run = Sweep(trainable="mlp", data="digits", method="tpe", run_cap=20).run()
    run.best

Every name below is loaded when it is first used, so `import tuneyard` costs nothing.

- `Sweep`, `Run`: a search to be run, and one that was; `resume` goes on with one.
- `Space`, `Float`, `Integer`, `Categorical`, `Ordinal`, `Constant`: a space, built in Python.
- `Trainable`, `Declaration`: the interface of a trainable; nobody has to inherit from it.
- `StopSignal`: asks a running sweep to end.
- the errors, all of them a `TuneyardError`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search.api import Sweep, resume
    from search.errors import (
        CheckpointError,
        JournalError,
        LockedError,
        PlugError,
        RunExistsError,
        RunnerError,
        RunNotFoundError,
        SettingsError,
        SpaceError,
        TuneyardError,
    )
    from search.run import Run
    from search.runners.base import StopSignal
    from spaces import Categorical, Constant, Float, Integer, Ordinal, Space
    from trainables.base import Declaration, Trainable

__all__ = [
    "Categorical",
    "CheckpointError",
    "Constant",
    "Declaration",
    "Float",
    "Integer",
    "JournalError",
    "LockedError",
    "Ordinal",
    "PlugError",
    "Run",
    "RunExistsError",
    "RunNotFoundError",
    "RunnerError",
    "SettingsError",
    "Space",
    "SpaceError",
    "StopSignal",
    "Sweep",
    "Trainable",
    "TuneyardError",
    "__version__",
    "resume",
]

__version__ = "0.1.0"

_HOME: dict[str, str] = {
    **dict.fromkeys(("Sweep", "resume"), "search.api"),
    "Run": "search.run",
    "StopSignal": "search.runners.base",
    **dict.fromkeys(("Categorical", "Constant", "Float", "Integer", "Ordinal", "Space"), "spaces"),
    **dict.fromkeys(("Declaration", "Trainable"), "trainables.base"),
    **dict.fromkeys((name for name in __all__ if name.endswith("Error")), "search.errors"),
}
"""Public name -> the module that defines it."""


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'tuneyard' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
