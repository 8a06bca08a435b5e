"""Searchers: who proposes the next config.

Each is one file, one class, and a pure function of (history, seed, trial number): see `base.Searcher`. To add one, write
the file and add a line to `SEARCHERS`; the contract suite (`tests/contracts/searchers.py`) then runs on it.

- `grid`: every config of a grid, once; `random`: independent draws; `sobol`: an even cover of the space.
- `tpe`, `gp`, `cmaes`: Optuna's samplers. `hyperopt`: Hyperopt's TPE and annealing.
- `make_searcher` builds one by its name; `capabilities` says what it can do, without loading any library.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from search.errors import SettingsError
from search.problem import Problem
from search.searchers.base import Searcher
from search.searchers.capabilities import Capabilities, Option, read_options
from spaces.errors import nearest

__all__ = ["SEARCHERS", "Capabilities", "Option", "Searcher", "capabilities", "make_searcher"]

SEARCHERS: dict[str, str] = {
    "grid": "search.searchers.grid:Grid",
    "random": "search.searchers.random:Random",
    "sobol": "search.searchers.sobol:Sobol",
    "tpe": "search.searchers.tpe:TPE",
    "gp": "search.searchers.gp:GP",
    "cmaes": "search.searchers.cmaes:CMAES",
    "hyperopt": "search.searchers.hyperopt:Hyperopt",
}
"""Name in a sweep file (`method:`) -> "module:class"."""


def capabilities(name: str) -> Capabilities:
    """What the searcher of that name can do. Raises SettingsError: there is none."""
    return cast(Capabilities, _searcher(name).capabilities)


def make_searcher(name: str, problem: Problem, options: Mapping[str, Any] | None = None) -> Searcher:
    """The searcher of that name for a problem.

    Raises:
        SettingsError: an unknown name, an unknown option, or a value that an option cannot have.
        SpaceError: the space has a parameter that this searcher cannot express; names it.
    """
    known = capabilities(name).options or {}
    return cast(Searcher, _searcher(name)(problem, **read_options(name, known, options or {})))


def _searcher(name: str) -> Any:
    place = SEARCHERS.get(name)
    if place is None:
        raise SettingsError(f"unknown method {name!r}{nearest(name, SEARCHERS)}")
    module, attribute = place.split(":")
    return getattr(import_module(module), attribute)
