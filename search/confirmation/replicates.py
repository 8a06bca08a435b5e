"""The searcher of a confirmation: every candidate under the first seed, then every candidate under the second, ..."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

from search.confirmation.racing import FIRST_LOOK, beaten
from search.history import History
from search.problem import Problem
from search.seeds import replicate_seed
from search.trial import Outcome
from spaces.values import canonical, listed

__all__ = ["Replicates", "best_of", "places_of", "seeds_of", "table_of"]


@final
class Replicates:
    """Proposes (candidate, seed) pairs, seed by seed; all candidates of one seed share it, so that they are paired.

    With `racing` a candidate that is clearly beaten gets no further seeds; see `search.confirmation.racing`. What is
    proposed depends on the history alone. The seed of a trial is that of its round, not of its number.
    """

    def __init__(
        self, problem: Problem, configs: Sequence[Mapping[str, Any]], seeds: int, *, racing: bool = False
    ) -> None:
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
        return self._configs[following[1]]

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

    A failed trial has no score: a candidate that fails under some seeds is judged by the others, and said to fail.
    """
    table: list[list[float | None]] = [[None] * candidates for _ in range(seeds)]
    for (turn, candidate), trial in zip(places, history.trials, strict=False):
        if trial.outcome is Outcome.COMPLETED and trial.best is not None:
            table[turn][candidate] = trial.best.score
    return table


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
    return [(turns[t.seed], keys.index(canonical(_read(t.config)))) for t in history.trials]


def _read(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config as the journal gives it back."""
    return {name: listed(value) for name, value in config.items()}
