"""Points of a space as rows of numbers, many at a time: what a surrogate is fitted to and searched over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spaces import Categorical, Constant, Domain, Float, Integer, Parameter, Space

__all__ = ["Encoding", "Rows"]

Rows = npt.NDArray[np.float64]
"""Shape (points, searched parameters): places in the unit cube; a parameter that is not active stands at _IDLE."""

_IDLE = 0.5
_MOST = 4096  # values of a parent that are looked up in a table of its conditions


class Encoding:
    """Rows of a space. `categories`: shape (parameters,), how many values a column without an order has; 0 = a number."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.width = len(space.searched)
        domains = [each.domain for each in space.searched]
        self.categories = np.array(
            [len(each.choices) if isinstance(each, Categorical) else 0 for each in domains], int
        )
        self._column = {each.key: place for place, each in enumerate(space.searched)}
        self._branches: dict[str, list[Parameter]] = {}
        for each in space.parameters:
            self._branches.setdefault(each.name, []).append(each)

    def row(self, config: Mapping[str, Any]) -> Rows:
        """One config, shape (parameters,)."""
        return np.nan_to_num(self.space.to_unit(config), nan=_IDLE)

    def config(self, row: Rows) -> dict[str, Any]:
        """The config of one row."""
        return self.space.from_unit(row)

    def snapped(self, points: Rows) -> Rows:
        """Each point moved to the middle of the cell of the config it stands for, idle parameters to their place."""
        rows = np.clip(points, 0.0, 1.0)
        for place, each in enumerate(self.space.searched):
            rows[:, place] = _snapped(each.domain, rows[:, place])
        for key, active in self._activity(rows).items():
            if key in self._column:
                rows[~active, self._column[key]] = _IDLE
        return rows

    def _activity(self, rows: Rows) -> dict[str, npt.NDArray[np.bool_]]:
        """Key of a conditional parameter -> in which rows it is active."""
        active: dict[str, npt.NDArray[np.bool_]] = {}
        everywhere = np.ones(len(rows), bool)
        for each in self.space.parameters:
            mask = everywhere
            for condition in each.when:
                met = np.zeros(len(rows), bool)
                for parent in self._branches[condition.parent]:
                    met |= active.get(parent.key, everywhere) & self._holds(parent, condition, rows)
                mask = mask & met
            if each.when:
                active[each.key] = mask
        return active

    def _holds(self, parent: Parameter, condition: Any, rows: Rows) -> npt.NDArray[np.bool_]:
        domain = parent.domain
        if isinstance(domain, Constant):
            return np.full(len(rows), condition.holds(domain.value))
        places = rows[:, self._column[parent.key]]
        if domain.size is None or domain.size > _MOST:
            return np.array([condition.holds(domain.from_unit(float(place))) for place in places], bool)
        known, inverse = np.unique(places, return_inverse=True)
        return np.array([condition.holds(domain.from_unit(float(place))) for place in known], bool)[inverse]


def _snapped(domain: Domain, places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if isinstance(domain, Float | Integer):
        lattice = domain.lattice
        if lattice is None:
            return places if domain.size is None else np.full(len(places), 0.5)
        count, first, log = lattice.count, float(lattice.first), lattice.log
    else:
        count, first, log = domain.size or 1, 0.0, False
    if not log:
        return np.asarray((np.minimum(np.floor(places * count), count - 1) + 0.5) / count)
    low = np.log(first - 0.5)
    width = np.log(first + count - 0.5) - low
    cell = np.clip(np.floor(np.exp(low + places * width) - first + 0.5), 0, count - 1) + first
    return np.asarray(((np.log(cell - 0.5) + np.log(cell + 0.5)) / 2 - low) / width)
