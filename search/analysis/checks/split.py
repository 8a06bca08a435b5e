"""The one threshold, or the one choice, that best tells trials that failed from those that did not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from search.analysis.axes import Axis
from search.analysis.numbers import number
from search.trial import Trial

__all__ = ["Split", "best_split"]

Array = npt.NDArray[np.float64]
SHUFFLES, FEWER, MANY = 499, 199, 1000  # fewer shuffles for more than so many trials


@dataclass(frozen=True)
class Split:
    """A stump.

    `at`: the threshold (half way between neighbours in the scale), or the index of the choice. `edge`: the outermost value
    outside. `failed` of `inside` and `failed_elsewhere` of `elsewhere` trials failed. `p`: of a split this good over all axes and
    thresholds if failures had nothing to do with the parameters (permutation test).
    """

    axis: Axis
    side: Literal["above", "below", "is"]
    at: float
    edge: float
    inside: int
    failed: int
    elsewhere: int
    failed_elsewhere: int
    p: float

    @property
    def side_fails(self) -> bool:
        """Whether it is the inside that fails the more often: not so where one choice of several fails the least."""
        return self.failed * self.elsewhere > self.failed_elsewhere * self.inside

    @property
    def where(self) -> str:
        """`lr above 0.03`, `optimizer = sgd`."""
        if self.side == "is":
            return f"{self.axis.name} = {self.axis.choices[int(self.at)]}"
        return f"{self.axis.name} {self.side} {number(self.at, 2)}"


def best_split(
    axes: Sequence[Axis], trials: Sequence[Trial], failed: Sequence[bool], seed: int
) -> Split | None:
    """The split with the highest likelihood; None where no axis took two values. Only trials with the parameter enter."""
    labels = np.array(failed, dtype=np.float64)
    rng = np.random.default_rng(seed)
    shuffles = SHUFFLES if len(trials) <= MANY else FEWER
    shuffled = rng.permuted(np.tile(labels, (shuffles, 1)), axis=1)
    best: tuple[float, Axis, int, Array, Array] | None = None
    highest = np.zeros(shuffles)
    for axis in axes:
        placed = [axis.place(trial.config) for trial in trials]
        rows = np.array([i for i, place in enumerate(placed) if place is not None], dtype=np.intp)
        at = np.array([placed[i] for i in rows], dtype=np.float64)
        if len(set(at)) < 2:
            continue
        members = _members(axis, at)
        gains = _gains(members, labels[rows][None, :])[0]
        highest = np.maximum(highest, _gains(members, shuffled[:, rows]).max(axis=1))
        place = int(np.argmax(gains))
        if best is None or gains[place] > best[0]:
            best = (float(gains[place]), axis, place, at, labels[rows])
    if best is None:
        return None
    gain, axis, place, at, labels = best
    return _split(axis, place, at, labels, float((1 + np.sum(highest >= gain - 1e-9)) / (1 + shuffles)))


def _members(axis: Axis, at: Array) -> Array:
    """(candidates, trials): 1 inside. Candidates: up to each value but the last, or each choice that was taken."""
    values = np.unique(at)
    if axis.scale == "choice":
        return np.asarray(at[None, :] == values[:, None], dtype=np.float64)
    thresholds = values[:-1]
    if len(thresholds) > 200:  # of ten thousand trials, every fiftieth will do
        thresholds = thresholds[np.linspace(0, len(thresholds) - 1, 200).astype(int)]
    return np.asarray(at[None, :] <= thresholds[:, None], dtype=np.float64)


def _gains(members: Array, labels: Array) -> Array:
    """(rows of labels, candidates): the gain in log likelihood of two failure rates over one."""
    inside, total = members.sum(axis=1)[None, :], labels.shape[1]
    hits, all_hits = labels @ members.T, labels.sum(axis=1)[:, None]
    one = _fit(all_hits, np.full_like(all_hits, total))
    return np.asarray(_fit(hits, inside) + _fit(all_hits - hits, total - inside) - one, dtype=np.float64)


def _fit(hits: Array, of: Array) -> Array:
    share = hits / np.maximum(of, 1)
    return np.asarray(xlogy(hits, share) + xlogy(of - hits, 1 - share), dtype=np.float64)


def _split(axis: Axis, place: int, at: Array, labels: Array, p: float) -> Split:
    members = _members(axis, at)[place] > 0
    # of several choices, the others have no name together: the one that fails the least is told as it is
    nameless = axis.scale == "choice" and len(set(at)) > 2
    if labels[members].mean() < labels[~members].mean() and not nameless:
        members = ~members
    inside, outside = at[members], at[~members]
    if axis.scale == "choice":
        side: Literal["above", "below", "is"] = "is"
        middle = edge = float(inside[0])
    else:
        side = "above" if inside.min() > outside.max() else "below"
        edge = float(outside.max() if side == "above" else outside.min())
        other = float(inside.min() if side == "above" else inside.max())
        middle = math.sqrt(edge * other) if axis.scale == "log" else (edge + other) / 2
    failed, elsewhere = int(labels[members].sum()), int(labels[~members].sum())
    return Split(axis, side, middle, edge, len(inside), failed, len(outside), elsewhere, p)
