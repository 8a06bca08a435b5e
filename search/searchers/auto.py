"""The method that chooses by itself, and says what it chose and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

from search.history import History
from search.problem import Problem
from search.searchers.base import Searcher, Windowed
from search.searchers.capabilities import Capabilities

__all__ = ["OPENING", "Auto", "Choice", "choice_for"]

OPENING = 27
"""Trials that are looked at before a model proposes, where they are stopped early and nothing says how many there will be."""

_MOST_PARAMETERS = (
    50  # of a Gaussian process: beyond, its length scales are hardly told apart by the trials of a sweep
)


@dataclass(frozen=True)
class Choice:
    """What proposes configs: `model` (the surrogate of this project), or the method of that name. `why`: one clause."""

    method: str
    why: str


def choice_for(problem: Problem) -> Choice:
    """What `auto` takes for a problem. A function of the problem alone, so that `plan` can say it beforehand."""
    space = problem.space
    if problem.secondary:
        return Choice("tpe", f"there are {len(problem.objectives)} objectives")
    if problem.outcome_constraints:
        return Choice("tpe", "there are outcome constraints")
    if not space.searched:
        return Choice("random", "nothing is searched")
    if len(space.searched) > _MOST_PARAMETERS:
        return Choice("tpe", f"{len(space.searched)} parameters are more than a Gaussian process tells apart")
    seen = "every rung of every trial" if problem.max_steps > 1 else "every trial"
    return Choice("model", f"a Gaussian process that learns from {seen}, the running ones included")


@final
class Auto:
    """Asks the searcher that `choice_for` names. What it chose is its `notice`, which the sweep journals."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        summary="chooses by itself: a Gaussian process that sees every rung; tpe for several objectives",
        learns=True,
        stopped="curve",
        conditions="native",
        categories="native",
        constraints="redraw",
        parallel=True,
        several=True,
        outcomes=True,
    )

    def __init__(self, problem: Problem) -> None:
        self._choice = choice_for(problem)
        self._searcher = _searcher(self._choice.method, problem)

    def ask(self, history: History, number: int) -> Mapping[str, Any] | None:
        """See `Searcher.ask`."""
        return self._searcher.ask(history, number)

    @property
    def notice(self) -> str | None:
        """See `Windowed.notice`: what was chosen, until there is more to say."""
        said = self._searcher.notice if isinstance(self._searcher, Windowed) else None
        return said or f"method auto: {self._sentence}"

    @property
    def _sentence(self) -> str:
        if self._choice.method == "model":
            return self._choice.why
        return f"{self._choice.method}, because {self._choice.why}"


def _searcher(method: str, problem: Problem) -> Searcher:
    if method == "model":
        from search.searchers.surrogate import Model

        return Model(problem)
    from search.searchers import make_searcher

    return make_searcher(method, problem)
