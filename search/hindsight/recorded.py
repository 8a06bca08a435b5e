"""The trials of a run as a table of configs and curves, and where each curve breaks off."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from search.errors import SettingsError
from search.history import History
from search.problem import Problem
from search.trial import OF_THE_NODE, Outcome, Result, Trial, so_far
from spaces import Categorical, SpaceError
from spaces.values import normal

__all__ = ["LEAST", "Record", "RecordedTrial"]

LEAST = 4
"""Recorded configs below which there is nothing to choose among."""

GOOD = 0.05
"""The share of the recorded configs that count as good, the best ones; at least one does."""

End = Literal["whole", "cut", "failed"]


@dataclass(frozen=True)
class RecordedTrial:
    """One trial of the record.

    `end`: "whole": nothing of its curve is missing; "cut": it was stopped, or was still running, and what it would have
    come to is not known; "failed": it failed after the steps that there are, as `failure` says.
    `seconds`: of each step, as the run's own clock measured them. `best`: its score, smaller is better; None: it has none.
    """

    number: int
    config: Mapping[str, Any]
    results: tuple[Result, ...]
    seconds: tuple[float, ...]
    end: End
    failure: str
    best: float | None

    @property
    def steps(self) -> int:
        return len(self.results)

    def train(self, max_steps: int) -> Iterator[dict[str, float]]:
        """Its metrics, step by step, with `seconds`. Past the end of a cut curve the last metrics are held, at the mean cost."""
        for result, seconds in zip(self.results, self.seconds, strict=True):
            yield {**result.metrics, "seconds": seconds}
        if self.end == "failed":
            raise RuntimeError(self.failure)
        if self.end == "cut":
            held = {**self.results[-1].metrics, "seconds": math.fsum(self.seconds) / self.steps}
            for _ in range(self.steps, max_steps):
                yield dict(held)


@dataclass(frozen=True)
class Record:
    """What a run recorded. `left_out`: trials without a single step of their own from the first on, or whose config the space
    does not hold any more.

    `cube`: the configs in the unit cube, shape (trials, searched parameters), NaN where a parameter is not active.
    """

    problem: Problem
    trials: tuple[RecordedTrial, ...]
    left_out: int
    cube: npt.NDArray[np.float64]
    concurrent: int

    @classmethod
    def from_history(cls, history: History) -> Record:
        """Raises SettingsError: too few configs were recorded, or for several objectives."""
        problem = history.problem
        if problem.secondary:
            raise SettingsError(
                "replay answers for one objective, and this run has "
                f"{', '.join(each.metric for each in problem.objectives)}. Compare its fronts instead: tuneyard compare"
            )
        found, points = [], []
        for trial in history.trials:
            point = _place(problem, trial)
            row = _recorded(trial, problem)
            if point is not None and row is not None:
                found.append(row)
                points.append(point)
        if sum(row.best is not None for row in found) < LEAST:
            raise SettingsError(
                f"{len(found)} configs with results are recorded, and a replay chooses among {LEAST} at least. "
                "Let the sweep run on: tuneyard resume RUN --add-trials 20"
            )
        left_out = len(history.trials) - len(found)
        return cls(problem, tuple(found), left_out, np.array(points), _concurrent(history))

    @property
    def unordered(self) -> npt.NDArray[np.bool_]:
        """Which searched parameters have values without an order."""
        return np.array(
            [isinstance(each.domain, Categorical) for each in self.problem.space.searched], dtype=bool
        )

    @property
    def best(self) -> float:
        """The best score that was recorded."""
        return self.scores[0]

    @property
    def good(self) -> float:
        """The score from which a config is among the best `GOOD` of the record."""
        return self.scores[max(0, math.ceil(GOOD * len(self.scores)) - 1)]

    @property
    def median(self) -> float:
        """The score of the config in the middle."""
        return self.scores[len(self.scores) // 2]

    @property
    def scores(self) -> list[float]:
        """The best score of each trial that has one, the best first."""
        return sorted(row.best for row in self.trials if row.best is not None)

    def regret(self, score: float) -> float:
        """0: the best recorded config; 1: the one in the middle."""
        spread = self.median - self.best
        return (score - self.best) / spread if spread > 0 else 0.0


def _place(problem: Problem, trial: Trial) -> npt.NDArray[np.float64] | None:
    try:
        return problem.space.to_unit({name: normal(value) for name, value in trial.config.items()})
    except SpaceError:
        return None


def _recorded(trial: Trial, problem: Problem) -> RecordedTrial | None:
    if trial.parent is not None:  # what its config does from the first step on nobody has seen
        return None
    results = list(trial.results)
    while results and results[-1].score is None:  # the bad metric that ended it
        results.pop()
    failed = trial.outcome is Outcome.FAILED
    if any(result.score is None for result in results) or [r.step for r in results] != list(
        range(1, len(results) + 1)
    ):
        return None
    if not results and not failed:
        return None
    end: End = "cut"
    if trial.outcome is Outcome.COMPLETED or len(results) >= problem.max_steps:
        end = "whole"
    elif failed and (trial.failure is None or trial.failure.kind not in OF_THE_NODE):
        end = "failed"
    elif not results:
        return None
    last = problem.objective.counts == "last"
    *_, best = [None, *so_far(results, last=last)]
    return RecordedTrial(
        trial.number,
        trial.config,
        tuple(results),
        tuple(_seconds(trial, results)),
        end,
        trial.failure.message if trial.failure is not None else "",
        None if end == "failed" else best,
    )


def _seconds(trial: Trial, results: list[Result]) -> Iterator[float]:
    """What each step took: since the step before it, or since a worker began with the trial (again)."""
    begins = [attempt.now for attempt in trial.attempts]
    before = begins[0] if begins else trial.asked
    for result in results:
        since = max([before, *(begin for begin in begins if begin <= result.now)])
        yield max(0.0, result.now - since)
        before = result.now


def _concurrent(history: History) -> int:
    """The most trials that had a worker at the same time; one that is paused has none."""
    changes = []
    for trial in history.trials:
        ended = trial.closed if trial.closed is not None else history.now
        ends = sorted([*trial.pauses, *(attempt.now for attempt in trial.attempts[1:]), ended])
        for attempt in trial.attempts:
            end = next((end for end in ends if end > attempt.now), attempt.now)
            changes += [(attempt.now, 1), (end, -1)]
    most = running = 0
    for _, change in sorted(changes):  # at one time those that end come first
        running += change
        most = max(most, running)
    return max(1, most)
