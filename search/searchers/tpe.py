"""The tree-structured Parzen estimator of Optuna."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

from search.history import History
from search.problem import Problem
from search.searchers.capabilities import Capabilities, Option
from search.searchers.optuna_study import Mirror

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["TPE"]


@final
class TPE:
    """Models the good and the bad configs by two densities and proposes where their ratio is best.

    Bergstra et al. 2011; Optuna's version is described in Watanabe 2023. Parameters that are active together are modelled
    together; with several objectives each is modelled by itself, for one density over all of them soon sits in a corner of
    the front. Stopped trials rank below completed ones, by the step they reached and their score there. Running
    trials count as bad, so that parallel workers spread out.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        summary="Parzen estimators (Optuna): takes every kind of space, cheap, a sound default",
        learns=True,
        stopped="curve",
        conditions="native",
        categories="native",
        constraints="redraw",
        parallel=True,
        several=True,
        outcomes=True,
        options={
            "startup_trials": Option(
                "observations before the model proposes; until then at random", 10, int, 1
            ),
            "candidates": Option("points among which the best ratio is taken", 24, int, 1),
            "window": Option(
                "beyond twice as many observations: the best and newest that are kept", 2000, int, 50
            ),
        },
    )

    def __init__(
        self, problem: Problem, *, startup_trials: int = 10, candidates: int = 24, window: int = 2000
    ) -> None:
        from search.searchers.optuna_samplers import BlockTPESampler, blocks

        together = blocks(problem.space)
        if problem.secondary:
            together = [{key: each} for block in together for key, each in block.items()]

        def sampler(seed: int, attempt: int) -> BaseSampler:
            return BlockTPESampler(
                together, seed=seed, n_startup_trials=startup_trials, n_ei_candidates=candidates
            )

        self._mirror = Mirror(problem, sampler, startup=startup_trials, window=window)

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        """See `Searcher.ask`."""
        return self._mirror.ask(history, number)

    @property
    def notice(self) -> str | None:
        """See `Windowed.notice`."""
        return self._mirror.notice
