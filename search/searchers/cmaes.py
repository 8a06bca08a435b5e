"""The covariance matrix adaptation evolution strategy of Optuna."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

from search.history import History
from search.problem import Problem
from search.searchers.capabilities import Capabilities, Option
from search.searchers.optuna_study import Mirror

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["CMAES"]


@final
class CMAES:
    """Draws a generation from a normal distribution, then moves and reshapes it towards the better half (Hansen 2016).

    Numbers that are active in every config are evolved; categories and conditional parameters are drawn at random. Only
    trials that ran to the end count: with early stopping most of its proposals teach it nothing.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        summary="CMA-ES (Optuna): for numbers only, and budgets of hundreds of full trials",
        learns=True,
        stopped="nothing",
        conditions="blind",
        categories="blind",
        constraints="redraw",
        parallel=False,
        options={
            "population": Option("trials of a generation; null: 4 + 3 ln(parameters)", None, int, 2),
            "startup_trials": Option(
                "observations before the first generation; until then at random", 1, int, 1
            ),
        },
    )

    def __init__(self, problem: Problem, *, population: int | None = None, startup_trials: int = 1) -> None:
        from search.searchers.optuna_samplers import NumbersCmaEsSampler, numbers

        evolved = numbers(problem.space)

        def sampler(seed: int, attempt: int) -> BaseSampler:
            return NumbersCmaEsSampler(
                evolved, seed=seed, n_startup_trials=startup_trials, popsize=population
            )

        generations = 4 * (population or 4 + int(3 * math.log(max(1, len(evolved)))))
        self._mirror = Mirror(
            problem, sampler, startup=startup_trials, window=max(200, generations), remembers=True
        )

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        """See `Searcher.ask`."""
        return self._mirror.ask(history, number)

    @property
    def notice(self) -> str | None:
        """See `Windowed.notice`."""
        return self._mirror.notice
