"""The searcher's interface: propose a config, given all that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from search.history import History

__all__ = ["Searcher"]


class Searcher(Protocol):
    """Proposes configs.

    The sweep calls `ask(history, number)` once for each trial that is not among the given points, numbers ascending,
    and journals the answer before anybody sees it. What was reported since the last call stands in the history.

    The answer is a function of (history, seed, number) alone: a fresh object given the same history proposes the same.
    Hence resuming needs no saved state. Randomness comes from `search.seeds.searcher_rng`. A searcher may keep cursors
    into the history's append-only lists, to do the work of each call once.
    """

    def ask(self, history: History, number: int) -> Mapping[str, Any] | None:
        """The config of trial `number`: active parameters and constants, feasible. None: the space is exhausted."""
