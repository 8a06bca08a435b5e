"""The searcher's interface: propose a config, given all that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from search.history import History

__all__ = ["Replicator", "Searcher", "Windowed"]


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


@runtime_checkable
class Replicator(Searcher, Protocol):
    """A searcher that chooses the seeds of its trials, too: it trains configs again, under seeds that they share."""

    def seed_of(self, number: int) -> int:
        """Seed of trial `number`, in [0, 2**31), which the last `ask` proposed. A function of (history, seed, number)."""


@runtime_checkable
class Windowed(Searcher, Protocol):
    """A searcher that keeps to a part of the history once there is so much that proposals would become slow."""

    @property
    def notice(self) -> str | None:
        """What the last `ask` kept to, in one line; None: to the whole history. A function of (history, seed, number)."""
