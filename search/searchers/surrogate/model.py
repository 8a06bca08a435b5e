"""The searcher that fits a process to every rung and proposes where the expected improvement at full fidelity is highest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from search.history import History
from search.problem import Problem
from search.searchers.auto import OPENING
from search.searchers.feasible import drawn_back
from search.searchers.sobol import Sobol
from search.searchers.surrogate.acquisition import highest, log_improvement
from search.searchers.surrogate.encoding import Rows
from search.searchers.surrogate.evidence import (
    Evidence,
    Ladder,
    Reader,
    levelled,
    running_of,
    standardised,
    telling,
)
from search.searchers.surrogate.process import Hyper, Process, fitted
from search.searchers.window import notice
from search.seeds import searcher_rng

__all__ = ["Model"]

_WHOLE = 8  # full trainings
_WINDOW = 250  # rows that the process is conditioned on
_FITTED = 150  # rows that its hyperparameters are fitted to
_INCUMBENTS = 5
_REDRAWS = 20  # of a config of the cover that was asked for before, as in small spaces
_REFIT = 10  # the hyperparameters are fitted again each time the observations have grown by a tenth


class Model:
    """See the module's docstring.

    Until enough is known a Sobol cover: until as many steps were seen as 8 full trainings take, or, where most trials are
    stopped early, 27 trials; less, down to 8, where they would be more than a quarter of the budget.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._widest = min(OPENING, max(_WHOLE, (problem.budget.trials or 4 * OPENING) // 4))
        self._reader = Reader(problem)
        self._encoding, self._ladder = self._reader.encoding, self._reader.ladder
        self._cover = Sobol(problem)
        self._told, self._prints = History(problem), list[str]()  # fingerprints of the trials of a history
        self._fit: tuple[History, int, Hyper] | None = None
        self._windowed = False

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        """See `Searcher.ask`."""
        evidence = self._reader.read(history)
        if not self._warm(evidence):
            return self._opening(history, number)
        evidence, y, self._windowed = _window(evidence, self._ladder, _WINDOW)
        rungs = self._rungs(evidence)
        process = Process(self._hyperparameters(history), evidence.x, rungs, y, self._encoding.categories)
        top, pending = self._ladder.top, self._pending(history)
        expected, _ = process.predict(np.vstack([evidence.x, pending]), top)
        imagined = process.imagining(pending, top)

        def value(rows: Rows) -> Rows:
            improvement = log_improvement(*imagined.predict(rows, top), float(expected.min()))
            return np.where(self._feasible(rows), improvement, -np.inf)

        order = np.argsort(expected[: len(evidence)], kind="stable")
        nearby = _distinct(evidence.x[order], _INCUMBENTS)
        found = highest(value, self._encoding, nearby, searcher_rng(self._problem.seed, number))
        return self._first_new(found, history, number)

    @property
    def notice(self) -> str | None:
        """See `Windowed.notice`."""
        return notice(_WINDOW, "results at rungs") if self._windowed else None

    def _rungs(self, evidence: Evidence) -> npt.NDArray[np.float64]:
        return np.array([self._ladder.height(step) for step in evidence.step])

    def _opening(self, history: History, number: int) -> Mapping[str, Any]:
        """The middle of the space, around which its bounds were set, then a cover of all of it."""
        if number == len(self._problem.points):
            middle = self._encoding.config(np.full(self._encoding.width, 0.5))
            if self._problem.space.feasible(middle):
                return middle
        config = self._cover.ask(history, number)
        assert config is not None
        known = self._asked_for(history, number)
        for attempt in range(_REDRAWS):
            if self._problem.space.fingerprint(config) not in known:
                break
            config = self._problem.space.sample(searcher_rng(self._problem.seed, number, attempt))
        return config

    def _warm(self, evidence: Evidence) -> bool:
        """Whether enough is known for the model to propose."""
        reached: dict[int, int] = {}
        for trial, step in zip(evidence.trial.tolist(), evidence.step.tolist(), strict=True):
            reached[trial] = max(step, reached.get(trial, 0))
        return len(reached) >= self._widest or sum(reached.values()) >= _WHOLE * self._problem.max_steps

    def _first_new(self, found: Rows, history: History, number: int) -> Mapping[str, Any]:
        """The config of the first of these points that is feasible and was not asked for before."""
        space, known = self._problem.space, self._asked_for(history, number)
        feasible: Mapping[str, Any] | None = None
        for row in found:
            config = self._encoding.config(row)
            if space.feasible(config):
                if space.fingerprint(config) not in known:
                    return config
                feasible = feasible or config
        if feasible is not None:
            return feasible
        return drawn_back(self._problem, history, number, self._encoding.config(found[0]), 0)

    def _asked_for(self, history: History, number: int) -> set[str]:
        if history is not self._told or number < len(self._prints):
            self._told, self._prints = history, []
        for trial in history.trials[len(self._prints) : number]:
            self._prints.append(self._problem.space.fingerprint(trial.config))
        return set(self._prints)

    def _feasible(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Which of the rows meet the constraints. The best point is often at their border."""
        space = self._problem.space
        if not space.constraints:
            return np.ones(len(rows), bool)
        return np.array([space.feasible(self._encoding.config(row)) for row in rows], bool)

    def _pending(self, history: History) -> Rows:
        rows = [self._encoding.row(trial.config) for trial in running_of(history)]
        return np.array(rows).reshape(len(rows), self._encoding.width)

    def _hyperparameters(self, history: History) -> Hyper:
        """Fitted to what was observed up to the last point at which they are fitted: the same for a fresh object."""
        until = _last_fit(len(history.observations))
        if self._fit is None or self._fit[0] is not history or self._fit[1] != until:
            evidence, y, _ = _window(self._reader.read(history, closed=until), self._ladder, _FITTED)
            self._fit = (
                history,
                until,
                fitted(evidence.x, self._rungs(evidence), y, self._encoding.categories),
            )
        return self._fit[2]


def _distinct(rows: Rows, most: int) -> Rows:
    """The first `most` of the rows, none of them twice."""
    head = rows[: 4 * most]
    _, first = np.unique(head, axis=0, return_index=True)
    return head[np.sort(first)][:most]


def _last_fit(seen: int) -> int:
    """The largest number up to `seen` at which the hyperparameters are fitted: each where a tenth has come in."""
    until = 0
    while until < seen and (following := until + max(1, until // _REFIT)) <= seen:
        until = following
    return until


def _window(evidence: Evidence, ladder: Ladder, size: int) -> tuple[Evidence, npt.NDArray[np.float64], bool]:
    """(at most `size` rows that tell something, their scores for a process, whether others were left out): a half the
    best of all, and the newest of the others. Levels are those of all rows: only the good of a rung are among the best.
    """
    score, rows = levelled(evidence, ladder), telling(evidence, ladder)
    if len(rows) <= size:
        return evidence[rows], standardised(score[rows]), False
    ranked = rows[np.argsort(score[rows], kind="stable")]
    kept = set(ranked[: size // 2].tolist())
    for row in rows[::-1].tolist():
        if len(kept) == size:
            break
        kept.add(row)
    rows = np.array(sorted(kept))
    return evidence[rows], standardised(score[rows]), True
