"""The trials of a sweep by the value of a parameter, or of several: each choice, each part of a range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from search.analysis.axes import Axis
from search.analysis.numbers import number
from search.analysis.ranking import best_score
from search.history import History
from search.trial import Outcome, Trial

__all__ = ["FEW", "Group", "groups_of"]

FEW = 5
"""Trials with a value below which nothing is said of a group."""

_PER_CELL = 12  # trials wanted in each part of a range
_CELLS = 2, 5  # parts of a range; as many whole numbers are parts of their own


@dataclass
class Group:
    """Trials with one value of each parameter. `parts`: these values spelled; `counted`: the trials with a value that
    counts, by number, and their `scores` (smaller is better)."""

    parts: tuple[str, ...]
    trials: list[Trial] = field(default_factory=list)
    counted: list[Trial] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    @property
    def label(self) -> str:
        return " · ".join(self.parts)

    @property
    def failed(self) -> int:
        """Trials that failed."""
        return sum(trial.outcome is Outcome.FAILED for trial in self.trials)

    @property
    def steps(self) -> int:
        """Steps of all its trials."""
        return sum(trial.steps for trial in self.trials)


def groups_of(history: History, axes: Sequence[Axis]) -> list[Group]:
    """The groups in the order of the values; trials in which a parameter takes no part are in none.

    A choice, or a whole number out of at most five, is a group by itself, also without a trial. A range is cut into two to five
    parts of equal width on its own scale, more of them the more trials there are. Of several parameters the
    combinations that were tried.
    """
    active = [trial for trial in history.trials if all(axis.place(trial.config) is not None for axis in axes)]
    if not active:
        return []
    cells = [_Cells(axis, len(active)) for axis in axes]
    groups: dict[tuple[int, ...], Group] = {}
    if len(cells) == 1:
        groups = {(i,): Group((label,)) for i, label in enumerate(cells[0].labels)}
    for trial in active:
        key = tuple(each.of(trial) for each in cells)
        parts = tuple(each.labels[i] for each, i in zip(cells, key, strict=True))
        group = groups.setdefault(key, Group(parts))
        group.trials.append(trial)
        score = best_score(trial)
        if score is not None:
            group.counted.append(trial)
            group.scores.append(score)
    return [groups[key] for key in sorted(groups)]


class _Cells:
    """How one parameter divides trials."""

    def __init__(self, axis: Axis, trials: int) -> None:
        self._axis = axis
        least, most = _CELLS
        if axis.scale == "choice":
            self.labels = list(axis.choices)
            self._edges = None
        elif axis.low == axis.high or (axis.whole and axis.high - axis.low < most):
            self.labels = [f"{place:g}" for place in np.arange(axis.low, axis.high + 0.5)]
            self._edges = np.arange(axis.low - 0.5, axis.high + 1.0)
        else:
            count = int(np.clip(trials // _PER_CELL, least, most))
            spaced = np.geomspace if axis.scale == "log" else np.linspace
            self._edges = spaced(axis.low, axis.high, count + 1)
            ends = [number(float(edge), 3) for edge in self._edges]
            self.labels = [f"{low} to {high}" for low, high in pairwise(ends)]

    def of(self, trial: Trial) -> int:
        place = self._axis.place(trial.config)
        assert place is not None  # the trial is active
        if self._edges is None:
            return int(place)
        return int(np.clip(np.searchsorted(self._edges, place, side="right") - 1, 0, len(self.labels) - 1))
