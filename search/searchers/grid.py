"""Grid search: the exact product of the domains, each config once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, final

from search.errors import SettingsError
from search.history import History
from search.problem import Problem
from search.searchers.capabilities import Capabilities, Option
from spaces.errors import SpaceError, nearest

__all__ = ["Grid"]

_MOST = 100_000  # values of one parameter


@final
class Grid:
    """Proposes the first config of the grid that this sweep has not asked for, given points included.

    Continuous parameters give `resolution` points, all others every value. The last parameter varies fastest. Conditions and constraints are met; a config comes once, however the trials before
    it ended.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        summary="every config of a grid, once, in order; ends when all were tried",
        learns=False,
        stopped="nothing",
        conditions="native",
        categories="native",
        constraints="exact",
        parallel=True,
        finite=True,
        several=True,
        outcomes=True,
        options={
            "resolution": Option(
                "points of each continuous parameter, ends included; or a mapping from a parameter's name to them",
                default=5,
                kind=int,
                low=1,
                each=True,
            )
        },
    )

    def __init__(self, problem: Problem, *, resolution: int | Mapping[str, int] = 5) -> None:
        if isinstance(resolution, Mapping):
            names = problem.space.names
            if unknown := [name for name in resolution if name not in names]:
                raise SettingsError(
                    [
                        f"grid: resolution names no parameter {name!r}{nearest(name, names)}"
                        for name in unknown
                    ]
                )
        for each in problem.space.searched:
            if (each.domain.size or 0) > _MOST:
                raise SpaceError(
                    f"{each.name}: {each.domain.size} values are too many for a grid (at most {_MOST}); give it a step, "
                    f"or use another method",
                    where=each.name,
                )
        self._space, self._resolution = problem.space, resolution
        self._history: History | None = None

    def _begin(self, history: History) -> None:
        self._history = history
        self._asked: set[str] = set()
        self._read = 0  # trials of the history that are in _asked
        self._grid: Iterator[Mapping[str, Any]] = self._space.grid(self._resolution)
        self._next: Mapping[str, Any] | None = next(self._grid, None)

    def ask(self, history: History, number: int) -> Mapping[str, Any] | None:
        """See `Searcher.ask`. None: every config of the grid was asked for."""
        if history is not self._history:
            self._begin(history)
        for trial in history.trials[self._read :]:
            self._asked.add(self._space.fingerprint(trial.config))
        self._read = len(history.trials)
        while self._next is not None and self._space.fingerprint(self._next) in self._asked:
            self._next = next(self._grid, None)
        return self._next
