"""Random search: independent draws, uniform in each domain's scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from search.history import History
from search.problem import Problem
from search.searchers.capabilities import Capabilities
from search.seeds import searcher_rng

__all__ = ["Random"]


@final
class Random:
    """Trial `number` is one draw of the space from its own generator; constraints by rejection (Bergstra, Bengio 2012)."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        summary="independent random draws: the baseline, and unbeaten when trials are many and cheap",
        learns=False,
        stopped="nothing",
        conditions="native",
        categories="native",
        constraints="exact",
        parallel=True,
        several=True,
        outcomes=True,
    )

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        """See `Searcher.ask`. Raises SpaceError: no draw meets the constraints."""
        return self._problem.space.sample(searcher_rng(self._problem.seed, number))
