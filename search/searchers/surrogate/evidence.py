"""What a history says of its configs, as rows that a surrogate can be fitted to: one a trial and rung."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from search.history import History, Observation
from search.problem import Problem
from search.searchers.priors import belongs
from search.searchers.surrogate.encoding import Encoding, Rows
from search.trial import Outcome, Trial

__all__ = ["Evidence", "Ladder", "Reader", "levelled", "running_of", "standardised", "telling"]

_ETA = 3
_VAST = 1e100  # no score counts beyond: squares would overflow
_TAIL = 2.0  # how far above the median a score counts, in distances from the best to the median

Point = tuple[int, float]
_Row = tuple[Rows, int, float]


class Ladder:
    """The steps at which trials are looked at: a ninth of a full training, a third, and all of it; and at its foot a third
    of the first, where an opening looks at them.
    """

    def __init__(self, max_steps: int) -> None:
        self.first = -(-max_steps // _ETA**2)
        foot = -(-self.first // _ETA)
        below = {step for step in (foot, self.first, self.first * _ETA) if step < max_steps}
        self.steps = (*sorted(below), max_steps)
        self.top = self.height(max_steps)

    def height(self, step: int) -> float:
        """Rungs above the first step, a real number: 0 at step 1."""
        return math.log(step) / math.log(_ETA)


@dataclass(frozen=True)
class Evidence:
    """`x`: shape (n, parameters). `step`: shape (n,). `score`: shape (n,), as reported. `trial`: which row is whose."""

    x: Rows
    step: npt.NDArray[np.int_]
    score: npt.NDArray[np.float64]
    trial: npt.NDArray[np.int_]

    def __len__(self) -> int:
        return len(self.score)

    def __getitem__(self, rows: npt.NDArray[np.int_]) -> Evidence:
        return Evidence(self.x[rows], self.step[rows], self.score[rows], self.trial[rows])


class Reader:
    """Reads the evidence of a history; what was read once is kept."""

    def __init__(self, problem: Problem) -> None:
        self.encoding, self.ladder = Encoding(problem.space), Ladder(problem.max_steps)
        self._problem = problem
        self._last = problem.objective.counts == "last"
        self._begin(History(problem))

    def _begin(self, history: History) -> None:
        self._history = history
        self._closed: list[list[_Row]] = []  # of each observation

    def read(self, history: History, closed: int | None = None) -> Evidence:
        """All that is known of configs of the space.

        Args:
            closed: only the first so many observations, and no running trial; None: everything.
        """
        if history is not self._history:
            self._begin(history)
        observations = history.observations
        for each in observations[len(self._closed) :]:
            self._closed.append(self._rows_of(each))
        newest: dict[object, int] = {}  # a trial that failed and was given another chance has two
        until = len(observations) if closed is None else closed
        for place in range(until):
            number = observations[place].number
            newest[("prior", place) if number is None else number] = place
        running: list[tuple[Rows, int, float, int]] = []
        if closed is None:
            for place, trial in enumerate(running_of(history), start=until):
                points = _at_rungs(_curve(trial), self.ladder, -math.inf, last=self._last, closed=False)
                told = newest.get(trial.number)  # it was paused, or failed, and goes on
                if told is not None and (points or observations[told].outcome is Outcome.FAILED):
                    del newest[trial.number]  # of what was paused, that stands until there is more to say
                running += [(self.encoding.row(trial.config), step, score, place) for step, score in points]
        rows = [(*row, place) for place in sorted(newest.values()) for row in self._closed[place]] + running
        return Evidence(
            np.array([row[0] for row in rows]).reshape(len(rows), self.encoding.width),
            np.array([row[1] for row in rows], int),
            np.array([row[2] for row in rows], float),
            np.array([row[3] for row in rows], int),
        )

    def _rows_of(self, seen: Observation) -> list[_Row]:
        if not belongs(self._problem.space, seen):
            return []
        x = self.encoding.row(seen.config)
        if seen.outcome is Outcome.FAILED or not seen.curve:
            return [(x, self._problem.max_steps, seen.score)]
        points = _at_rungs(seen.curve, self.ladder, seen.score, last=self._last, closed=True)
        if (
            seen.outcome is Outcome.COMPLETED
        ):  # full fidelity, also where it ended by itself before the last step
            points[-1] = (self._problem.max_steps, points[-1][1])
        return [(x, step, score) for step, score in points]


def running_of(history: History) -> list[Trial]:
    """Trials that have a worker now, and are not known as ended: what a model has to imagine the end of."""
    return [trial for trial in history.running if trial.number not in history.audited]


def _curve(trial: Trial) -> list[Point]:
    return [
        (each.step, each.score) for each in trial.results if each.score is not None and each.violation == 0
    ]


def _at_rungs(
    curve: Sequence[Point], ladder: Ladder, least: float, *, last: bool, closed: bool
) -> list[Point]:
    """The score that counted at each rung that the curve reached, and at its end.

    `least`: what counted of the trial in the end; lower scores on the curve broke an outcome constraint.
    """
    found: list[Point] = []
    best, rungs = math.inf, iter(ladder.steps)
    rung = next(rungs, None)
    for step, score in curve:
        best = score if last else min(best, max(score, least))
        if rung is not None and step >= rung:
            found.append((step, best))  # once, also where the curve begins beyond several rungs
            rung = next((higher for higher in rungs if higher > step), None)
    ended = bool(curve) and (not found or found[-1][0] < curve[-1][0])
    if ended and (closed or found):
        found.append((curve[-1][0], best))
    return found


def levelled(evidence: Evidence, ladder: Ladder) -> npt.NDArray[np.float64]:
    """Scores that can be compared over steps: levelled, and pulled in.

    What a rung adds to all trials alike is taken off: the median difference between the trials that reached two
    neighbouring rungs. (Standardising each rung by itself would not do: only the better trials reach the higher ones.)
    """
    if not len(evidence):
        return evidence.score
    score = np.clip(evidence.score, -_VAST, _VAST)
    heights = np.array([ladder.height(step) for step in evidence.step])
    known = [ladder.height(step) for step in ladder.steps]
    by_trial: dict[int, dict[float, float]] = {}
    for trial, height, value in zip(evidence.trial, heights, score, strict=True):
        by_trial.setdefault(int(trial), {})[float(height)] = float(value)
    offsets = [0.0]
    for low, high in pairwise(known):
        gains = [seen[high] - seen[low] for seen in by_trial.values() if low in seen and high in seen]
        offsets.append(offsets[-1] + (float(np.median(gains)) if gains else 0.0))
    return pulled_in(score - np.interp(heights, known, offsets))


def telling(evidence: Evidence, ladder: Ladder) -> npt.NDArray[np.int_]:
    """Which rows a model is made of: all but those at the foot of trials of which more is known."""
    last: dict[int, int] = {}
    for trial, step in zip(evidence.trial.tolist(), evidence.step.tolist(), strict=True):
        last[trial] = max(step, last.get(trial, 0))
    outlived = [
        step < ladder.first and step < last[trial]
        for trial, step in zip(evidence.trial.tolist(), evidence.step.tolist(), strict=True)
    ]
    return np.flatnonzero(~np.array(outlived, bool))


def standardised(score: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of zero mean and unit variance, as a process wants them."""
    if not len(score):
        return score
    spread = float(score.std())
    return np.asarray((score - score.mean()) / (spread if spread > 0 else 1.0))


def pulled_in(score: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Scores with the far end drawn near: one diverged trial would flatten all the others."""
    middle = float(np.median(score))
    reach = middle - float(score.min())
    return np.minimum(score, middle + _TAIL * reach) if reach > 0 else score
