"""Searchers that pick among the recorded configs. Each config is tried once, as in the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import numpy.typing as npt

from search.hindsight.recorded import Record
from search.history import History
from search.searchers import Searcher
from spaces.values import normal

__all__ = ["InOrder", "Nearest"]


@final
class InOrder:
    """The configs in the order in which the run tried them, or, with a generator, in an order drawn from it."""

    def __init__(self, record: Record, rng: np.random.Generator | None = None) -> None:
        self._record = record
        order = np.arange(len(record.trials))
        self._order: list[int] = (order if rng is None else rng.permutation(order)).tolist()

    def ask(self, history: History, number: int) -> Mapping[str, Any] | None:
        """See `Searcher.ask`."""
        if number >= len(self._order):
            return None
        return self._record.trials[self._order[number]].config

    def seed_of(self, number: int) -> int:
        """See `Replicator.seed_of`; here it says which row was picked."""
        return self._order[number]


@final
class Nearest:
    """What a searcher proposes is answered by the recorded config that is next to it and not yet tried.

    Next: by the mean square of the differences in the unit cube, where two choices without an order differ by 1, and so
    does a parameter that only one of the two has. The searcher sees the recorded config, and learns from its curve.
    """

    def __init__(self, record: Record, searcher: Searcher) -> None:
        self._record, self._searcher = record, searcher
        self._unordered = record.unordered
        self._free = np.ones(len(record.trials), dtype=bool)
        self._picked: dict[int, int] = {}

    def ask(self, history: History, number: int) -> Mapping[str, Any] | None:
        """See `Searcher.ask`."""
        if not self._free.any():
            return None
        wanted = self._searcher.ask(history, number)
        if wanted is None:  # a grid that is through, say
            return None
        space = self._record.problem.space
        point = space.to_unit({name: normal(value) for name, value in wanted.items()})
        apart = distances(self._record.cube, point, self._unordered)
        row = int(np.argmin(np.where(self._free, apart, np.inf)))
        self._free[row], self._picked[number] = False, row
        return self._record.trials[row].config

    def seed_of(self, number: int) -> int:
        """See `Replicator.seed_of`; here it says which row was picked."""
        return self._picked[number]


def distances(
    cube: npt.NDArray[np.float64], point: npt.NDArray[np.float64], unordered: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Sum of the squared differences of each row of `cube` from `point`; see `Nearest`."""
    here, there = ~np.isnan(cube), ~np.isnan(point)
    apart = np.where(here & there, np.abs(cube - point), 0.0)
    apart = np.where(unordered, apart > 1e-12, apart)
    squared: npt.NDArray[np.float64] = np.square(np.where(here != there, 1.0, apart)).sum(axis=1)
    return squared
