"""The searcher of a confirmation: every candidate under the first seed, then every candidate under the second, ...

Over folds it is every candidate on the first fold, then on the second, each fold under a fresh seed of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

from search.confirmation.racing import FIRST_LOOK, beaten
from search.history import History
from search.problem import Problem
from search.seeds import replicate_seed
from search.trial import Outcome
from spaces.values import canonical, listed

__all__ = ["FOLD", "FOLDS", "Replicates", "best_of", "places_of", "seeds_of", "table_of", "without_fold"]

FOLDS, FOLD = "data.split.folds", "data.split.fold"
"""The parameters by which a trial of a confirmation over folds has its fold."""


@final
class Replicates:
    """Proposes (candidate, seed) pairs, seed by seed; all candidates of one seed share it, so that they are paired.

    With `folds` each round is another fold of so many, too; `configs` are then without one, and `seeds` as many as folds.
    With `racing` a candidate that is clearly beaten gets no further seeds; see `search.confirmation.racing`. What is
    proposed depends on the history alone. The seed of a trial is that of its round, not of its number.
    """

    def __init__(
        self,
        problem: Problem,
        configs: Sequence[Mapping[str, Any]],
        seeds: int,
        *,
        racing: bool = False,
        folds: int | None = None,
    ) -> None:
        self._folds = folds
        self._seed, self._configs, self._seeds, self._racing = problem.seed, list(configs), seeds, racing
        self._places: list[tuple[int, int]] = []  # (round, candidate) of each trial, by number

    def ask(self, history: History, number: int) -> Mapping[str, Any] | None:
        """See `Searcher.ask`. None: every candidate had its seeds, or was beaten."""
        if len(self._places) != number:  # a resume: the journal says what was asked
            self._places = places_of(history, self._configs, self._seeds)
        following = self._next(history)
        if following is None:
            return None
        self._places.append(following)
        turn, candidate = following
        if self._folds is None:
            return self._configs[candidate]
        return {**self._configs[candidate], FOLDS: self._folds, FOLD: turn}

    def seed_of(self, number: int) -> int:
        """The seed of a trial that `ask` proposed."""
        return replicate_seed(self._seed, self._places[number][0])

    def _next(self, history: History) -> tuple[int, int] | None:
        asked = set(self._places)
        out: set[int] = set()
        if self._racing:
            out = beaten(table_of(history, self._places, len(self._configs), self._seeds), self._seeds)
        for turn in range(self._seeds):
            for candidate in range(len(self._configs)):
                if (turn, candidate) not in asked and not (candidate in out and turn >= FIRST_LOOK):
                    return turn, candidate
        return None


def seeds_of(problem: Problem, candidates: int) -> int:
    """How many seeds a confirmation gives each of its candidates: its budget of trials says it."""
    assert problem.budget.trials is not None
    return problem.budget.trials // candidates


def table_of(
    history: History, places: Sequence[tuple[int, int]], candidates: int, seeds: int
) -> list[list[float | None]]:
    """Scores (smaller is better) by seed and candidate: the best over the steps; None where there is none (yet).

    A failed trial has no score, nor one that breaks an outcome constraint: a candidate that fails or breaks one under some
    seeds is judged by the others, and said to. One that breaks them under every other seed or more has no score at all.
    """
    table: list[list[float | None]] = [[None] * candidates for _ in range(seeds)]
    complete = [0] * candidates
    for (turn, candidate), trial in zip(places, history.trials, strict=False):
        complete[candidate] += trial.outcome is Outcome.COMPLETED
        if trial.outcome is Outcome.COMPLETED and trial.best is not None and trial.sound:
            table[turn][candidate] = trial.best.score
    for candidate, broken in enumerate(infeasible(history, places, candidates)):
        if broken and 2 * broken >= complete[candidate]:
            for row in table:
                row[candidate] = None
    return table


def infeasible(history: History, places: Sequence[tuple[int, int]], candidates: int) -> list[int]:
    """How many trials of each candidate ran to their end and break an outcome constraint."""
    broken = [0] * candidates
    for (_, candidate), trial in zip(places, history.trials, strict=False):
        broken[candidate] += trial.outcome is Outcome.COMPLETED and not trial.sound
    return broken


def best_of(table: Sequence[Sequence[float | None]]) -> int | None:
    """The candidate with the smallest mean score; None where none has any."""
    means = []
    for candidate, scores in enumerate(zip(*table, strict=True)):
        known = [score for score in scores if score is not None]
        if known:
            means.append((sum(known) / len(known), candidate))
    return min(means)[1] if means else None


def places_of(history: History, configs: Sequence[Mapping[str, Any]], seeds: int) -> list[tuple[int, int]]:
    """(round, candidate) of each trial, by number."""
    turns = {replicate_seed(history.problem.seed, turn): turn for turn in range(seeds)}
    keys = [canonical(_read(each)) for each in configs]
    folded = not any(FOLD in each for each in configs)  # then those of the trials are of the confirmation
    asked = [
        without_fold(trial.config) if folded and FOLD in trial.config else trial.config
        for trial in history.trials
    ]
    return [
        (turns[trial.seed], keys.index(canonical(_read(config))))
        for trial, config in zip(history.trials, asked, strict=True)
    ]


def without_fold(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config without a fold of its own, nor a number of folds."""
    return {name: value for name, value in config.items() if name not in (FOLDS, FOLD)}


def _read(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config as the journal gives it back."""
    return {name: listed(value) for name, value in config.items()}
