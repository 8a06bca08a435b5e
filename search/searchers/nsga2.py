"""The non-dominated sorting genetic algorithm of Optuna."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

from search.history import History
from search.problem import Problem
from search.searchers.capabilities import Capabilities, Option
from search.searchers.optuna_study import Mirror
from search.seeds import searcher_rng
from spaces.translate import optuna as translate

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

__all__ = ["NSGA2"]

_FILLING = 2**41  # the trial number no sweep reaches: its generators draw what is not active


@final
class NSGA2:
    """Crosses and mutates configs of the best fronts so far (Deb et al. 2002, constrained domination included).

    Each `population` trials that ended are a generation; the parents of the next are the first fronts of it and of its
    own parents, of the last of these the ones with the most room. A trial that is proposed before a generation is full
    descends from the one before, so workers never wait. A parameter that is not active in a trial has a random value
    there, which a child may take over. A child that was a trial before is drawn again. Trials that were stopped early are no parents, unless there are several
    objectives: then they count with what they had reached.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        summary="NSGA-II (Optuna): evolution towards a front, for budgets of hundreds of full trials",
        learns=True,
        stopped="nothing",
        conditions="native",
        categories="native",
        constraints="redraw",
        parallel=False,
        several=True,
        outcomes=True,
        options={
            "population": Option("trials of a generation; the first is drawn at random", 16, int, 4),
            "crossover": Option("share of children that have several parents", 0.9, float, 0),
            "mutation": Option("chance that a parameter is drawn anew; null: 1 / parameters", None, float, 0),
        },
    )

    def __init__(
        self,
        problem: Problem,
        *,
        population: int = 16,
        crossover: float = 0.9,
        mutation: float | None = None,
    ) -> None:
        from optuna.samplers.nsgaii import SBXCrossover

        from search.searchers.optuna_samplers import FilledNSGAIISampler

        self._distributions = translate.to_optuna(problem.space)
        self._problem = problem

        def sampler(seed: int, attempt: int) -> BaseSampler:
            return FilledNSGAIISampler(
                self._distributions,
                seed=seed,
                population_size=population,
                crossover=SBXCrossover(),
                crossover_prob=crossover,
                mutation_prob=mutation,
            )

        self._mirror = Mirror(
            problem,
            sampler,
            startup=population,
            window=max(400, 10 * population),
            fresh=True,
            adapt=self._filled,
        )

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        """See `Searcher.ask`."""
        return self._mirror.ask(history, number)

    @property
    def notice(self) -> str | None:
        """See `Windowed.notice`."""
        return self._mirror.notice

    def _filled(self, trial: FrozenTrial, place: int) -> FrozenTrial:
        """The same trial with a value of every parameter; what is not active is drawn."""
        rng = searcher_rng(self._problem.seed, _FILLING, place)
        drawn = {
            each.key: translate.encode(each.domain, each.domain.from_unit(float(rng.random())))
            for each in self._problem.space.searched
            if each.key not in trial.params
        }
        trial.params = {**drawn, **trial.params}
        trial.distributions = self._distributions
        return trial
