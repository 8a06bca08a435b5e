"""Sobol search: an even cover of the space, better than chance at any budget, and without learning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from search.history import History
from search.problem import Problem
from search.searchers.capabilities import Capabilities, Option
from search.seeds import searcher_rng
from spaces.errors import SpaceError

if TYPE_CHECKING:
    from scipy.stats import qmc

__all__ = ["Sobol"]

_PATIENCE = 10_000  # elements that break a constraint, one after another, before a random draw stands in
_SEQUENCE = 2**40  # the trial number no sweep reaches: its generator scrambles the sequence
_LONGEST = 2**30  # elements of a sequence of 30-bit numbers


@final
class Sobol:
    """Proposes the elements of one scrambled Sobol sequence in the unit cube, in order (Owen 1998).

    The n-th config that the searcher proposes is the n-th element that meets the constraints: a function of n and the
    seed alone. Each parameter has its own axis, also while it is inactive.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        summary="a quasi-random cover of the space: random search without clumps and gaps",
        learns=False,
        stopped="nothing",
        conditions="cube",
        categories="cube",
        constraints="exact",
        parallel=True,
        several=True,
        outcomes=True,
        options={
            "scramble": Option("false: the plain sequence, the same for every seed", default=True, kind=bool)
        },
    )

    def __init__(self, problem: Problem, *, scramble: bool = True) -> None:
        dimensions = len(problem.space.searched)
        if dimensions > 21_201:
            raise SpaceError(f"sobol takes up to 21201 searched parameters, got {dimensions}; use random")
        self._problem, self._scramble = problem, scramble
        self._engine: qmc.Sobol | None = None
        self._restart()

    def _restart(self) -> None:
        self._position = 0  # elements drawn
        self._index = -1  # of the config drawn last, among those that meet the constraints
        self._config: Mapping[str, Any] = {}

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        """See `Searcher.ask`. Raises SpaceError: nothing meets the constraints."""
        index = number - len(self._problem.points)
        if index < self._index:
            self._restart()
        if not self._problem.space.constraints and index > self._index + 1:
            self._position, self._index = index, index - 1
        while self._index < index:
            self._config = self._following()
            self._index += 1
        return self._config

    def _following(self) -> Mapping[str, Any]:
        """The next element that meets the constraints."""
        space = self._problem.space
        for _ in range(_PATIENCE):
            config = space.from_unit(self._element(self._position))
            self._position += 1
            if space.feasible(config):
                return config
        return space.sample(searcher_rng(self._problem.seed, _SEQUENCE, self._position))

    def _element(self, position: int) -> np.ndarray:
        """Element `position` of the sequence, shape (dimensions,), in [0, 1)."""
        dimensions = len(self._problem.space.searched)
        if dimensions == 0:
            return np.empty(0)
        engine, position = self._engine, position % _LONGEST
        if engine is None or engine.num_generated > position:
            from scipy.stats import qmc

            rng = searcher_rng(self._problem.seed, _SEQUENCE)
            engine = self._engine = qmc.Sobol(dimensions, scramble=self._scramble, rng=rng)
        if engine.num_generated < position:
            engine.fast_forward(position - engine.num_generated)
        element: np.ndarray = engine.random(1)[0]
        return element
