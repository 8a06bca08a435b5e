"""BOHB's model: a Parzen estimator over the scores of one rung, the highest of which enough is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

from search.history import History
from search.problem import Problem
from search.searchers.capabilities import Capabilities, Option
from search.searchers.fidelity import comparable
from search.searchers.optuna_study import new_study, propose, quiet, stand_in, told
from search.searchers.priors import belongs
from search.searchers.window import notice, window
from search.seeds import searcher_rng

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["BOHB"]

_RANDOM = 1 / 3  # of the proposals, as published: what keeps a model of low rungs from misleading for ever


@final
class BOHB:
    """Models the scores of the highest rung that parameters + 2 trials reached, and draws a third of the configs at random.

    Falkner et al. 2018, with Optuna's TPE (one density for parameters that are active together) as the estimator. Made
    for `hyperband`, whose brackets keep the rungs filled; a method of the sweep file of this name brings it along.
    Running trials count as bad, so that parallel workers spread out.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        summary="a Parzen estimator for each rung, as BOHB has it; brings hyperband",
        learns=True,
        stopped="curve",
        conditions="native",
        categories="native",
        constraints="redraw",
        parallel=True,
        options={
            "startup_trials": Option(
                "trials at one rung before its model proposes; null: searched parameters + 2", None, int, 1
            ),
            "candidates": Option("points among which the best ratio is taken", 24, int, 1),
            "window": Option(
                "observations that the model is made of: the best half and the newest", 500, int, 50
            ),
        },
    )

    def __init__(
        self, problem: Problem, *, startup_trials: int | None = None, candidates: int = 24, window: int = 500
    ) -> None:
        from search.searchers.optuna_samplers import BlockTPESampler, blocks

        together = blocks(problem.space)

        def sampler(seed: int, attempt: int) -> BaseSampler:
            return BlockTPESampler(together, seed=seed, n_startup_trials=0, n_ei_candidates=candidates)

        self._problem, self._sampler = problem, sampler
        self._enough = len(problem.space.searched) + 2 if startup_trials is None else startup_trials
        self._window, self._windowed = window, False

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        """See `Searcher.ask`."""
        space, rng = self._problem.space, searcher_rng(self._problem.seed, number)
        belonging = [each for each in history.observations if belongs(space, each)]
        known = comparable(belonging, self._enough, self._problem.objective.counts)
        if len(known) < self._enough or rng.random() < _RANDOM:
            return space.sample(rng)
        self._windowed = len(known) > self._window
        with quiet():
            study = new_study()
            for observation in window(known, self._window):
                study.add_trial(told(space, observation, {}))
            for trial in history.pending:
                study.add_trial(stand_in(space, trial))
            return propose(study, self._problem, history, number, self._sampler).config

    @property
    def notice(self) -> str | None:
        """See `Windowed.notice`."""
        return notice(self._window) if self._windowed else None
