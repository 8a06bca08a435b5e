"""Searchers: who proposes the next config.

Each is one file, one class, and a pure function of (history, seed, trial number): see `base.Searcher`. To add one, write
the file and add a line to `SEARCHERS`; the contract suite (`tests/contracts/searchers.py`) then runs on it.

- `auto`: chooses by itself; its own model is in `surrogate`.
- `grid`: every config of a grid, once; `random`: independent draws; `sobol`: an even cover of the space.
- `tpe`, `gp`, `cmaes`, `nsga2`: Optuna's samplers; `bohb`: its TPE over one rung at a time. `hyperopt`: Hyperopt's TPE and annealing.
- `make_searcher` builds one by its name; `capabilities` says what it can do, without loading any library, and `unable`
  why it cannot have several objectives, or outcome constraints.
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

__all__ = ["SEARCHERS", "Capabilities", "Option", "Searcher", "capabilities", "make_searcher", "unable"]

SEARCHERS: dict[str, str] = {
    "auto": "search.searchers.auto:Auto",
    "grid": "search.searchers.grid:Grid",
    "random": "search.searchers.random:Random",
    "sobol": "search.searchers.sobol:Sobol",
    "tpe": "search.searchers.tpe:TPE",
    "bohb": "search.searchers.bohb:BOHB",
    "gp": "search.searchers.gp:GP",
    "cmaes": "search.searchers.cmaes:CMAES",
    "nsga2": "search.searchers.nsga2:NSGA2",
    "hyperopt": "search.searchers.hyperopt:Hyperopt",
}
"""Name in a sweep file (`method:`) -> "module:class"."""


def capabilities(name: str) -> Capabilities:
    """What the searcher of that name can do. Raises SettingsError: there is none."""
    return cast(Capabilities, _searcher(name).capabilities)


def make_searcher(name: str, problem: Problem, options: Mapping[str, Any] | None = None) -> Searcher:
    """The searcher of that name for a problem.

    Raises:
        SettingsError: an unknown name, an unknown option, a value that an option cannot have, or objectives or outcome
            constraints that this searcher cannot have.
        SpaceError: the space has a parameter that this searcher cannot express; names it.
    """
    known = capabilities(name).options or {}
    if (said := unable(name, bool(problem.secondary), bool(problem.outcome_constraints))) is not None:
        raise SettingsError(said)
    return cast(Searcher, _searcher(name)(problem, **read_options(name, known, options or {})))


def unable(name: str, several: bool, outcomes: bool) -> str | None:
    """Why the searcher of that name cannot have several objectives or outcome constraints, and who can; None: it can."""
    able = capabilities(name)
    if (able.several or not several) and (able.outcomes or not outcomes):
        return None
    learners = {other: what for other in SEARCHERS if (what := capabilities(other)).learns}
    if several and not able.several:
        others = [other for other, what in learners.items() if what.several]
        return f"{name} searches for one objective; for several write method: {' or '.join(others)}"
    others = [other for other, what in learners.items() if what.outcomes]
    return f"{name} knows no outcome constraints; write method: {' or '.join(others)}"


def _searcher(name: str) -> Any:
    place = SEARCHERS.get(name)
    if place is None:
        raise SettingsError(f"unknown method {name!r}{nearest(name, SEARCHERS)}")
    module, attribute = place.split(":")
    return getattr(import_module(module), attribute)
