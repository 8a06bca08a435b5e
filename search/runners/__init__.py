"""Runners: what executes the trials that a sweep asks for.

- `base`: the interface, `Runner`, and what it is given, `Work`
- `inline`: in this process, one trial at a time (`limit`, `output`: its time-outs and its trials' printing)
- `cohort`: in this process, many trials side by side as one computation
- `simulated`: any number of workers on a virtual clock
- `ray_tune`: on Ray Tune, on this machine or a cluster
- `endings`: how an attempt at a trial ends, for those that host trials themselves

`RUNNERS` names them as the command line does; `make_runner` makes one. None is imported before.
"""

from __future__ import annotations

import importlib
from typing import Any, cast

from search.errors import SettingsError
from search.runners.base import Clock, Resources, Runner, StopSignal, Work
from spaces.errors import nearest

__all__ = ["RUNNERS", "Clock", "Resources", "Runner", "StopSignal", "Work", "make_runner"]

RUNNERS: dict[str, str] = {
    "inline": "search.runners.inline:InlineRunner",
    "ray": "search.runners.ray_tune:RayTuneRunner",
    "simulated": "search.runners.simulated:SimulatedRunner",
}


def make_runner(name: str, **options: Any) -> Runner:
    """The runner of a name in `RUNNERS`; `options` are those of its constructor.

    Raises SettingsError: no such runner (names the nearest).
    """
    if name not in RUNNERS:
        raise SettingsError(f"unknown runner {name!r}{nearest(name, RUNNERS)}")
    module, _, attribute = RUNNERS[name].partition(":")
    return cast(Runner, getattr(importlib.import_module(module), attribute)(**options))
