"""Optuna's samplers that know the search space beforehand.

Optuna's own look through all trials at every proposal for the parameters that they have in common. Here the space tells:
parameters under the same conditions are active together.
"""

from __future__ import annotations

from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import CmaEsSampler, NSGAIISampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from spaces import Space
from spaces.translate import optuna as translate

__all__ = [
    "BlockTPESampler",
    "Distributions",
    "FilledNSGAIISampler",
    "NumbersCmaEsSampler",
    "blocks",
    "numbers",
]

Distributions = dict[str, BaseDistribution]
"""By the key of a parameter."""


def blocks(space: Space) -> list[Distributions]:
    """The distributions of the parameters that have a choice, one dict for each set of conditions."""
    found: dict[frozenset[str], Distributions] = {}
    distributions = translate.to_optuna(space)
    for each in space.searched:
        if not distributions[each.key].single():
            found.setdefault(frozenset(map(str, each.when)), {})[each.key] = distributions[each.key]
    return list(found.values())


def numbers(space: Space) -> Distributions:
    """The distributions of the numbers that are active in every config and have a choice."""
    always = {each.key for each in space.searched if not each.when}
    return {
        key: distribution
        for key, distribution in translate.to_optuna(space).items()
        if key in always
        and not distribution.single()
        and not isinstance(distribution, CategoricalDistribution)
    }


class BlockTPESampler(TPESampler):
    """TPE that models each of `blocks` by one multivariate density, as Optuna does with `group=True`."""

    def __init__(self, blocks: list[Distributions], **options: Any) -> None:
        super().__init__(**options)
        self._blocks = blocks

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> Distributions:
        return {key: distribution for block in self._blocks for key, distribution in block.items()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: Distributions
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for block in self._blocks:
            values.update(super().sample_relative(study, trial, block))
        return values


class NumbersCmaEsSampler(CmaEsSampler):
    """CMA-ES over `numbers`; every other parameter is drawn at random."""

    def __init__(self, numbers: Distributions, **options: Any) -> None:
        super().__init__(warn_independent_sampling=False, **options)
        self._numbers = numbers

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> Distributions:
        return self._numbers


class FilledNSGAIISampler(NSGAIISampler):
    """NSGA-II over trials that all have a value of every parameter of `space`.

    Finished trials make up the generations in their order in the study, `population_size` each, whoever proposed them:
    given points, trials of earlier runs and failed ones count like its own, and nothing needs to be remembered.
    """

    def __init__(self, space: Distributions, **options: Any) -> None:
        super().__init__(**options)
        self._space = {key: each for key, each in space.items() if not each.single()}

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> Distributions:
        return self._space

    def get_trial_generation(self, study: Study, trial: FrozenTrial) -> int:
        return len(self._finished(study)) // self._size

    def get_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        return self._finished(study)[generation * self._size : (generation + 1) * self._size]

    def get_parent_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        # Optuna gives them by merit at the first call and by number at all others; draws must not depend on which it is
        return sorted(super().get_parent_population(study, generation), key=lambda parent: parent.number)

    @property
    def _size(self) -> int:
        assert self.population_size is not None
        return self.population_size

    def _finished(self, study: Study) -> list[FrozenTrial]:
        return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
