"""Optuna's samplers that know the search space beforehand.

Optuna's own look through all trials at every proposal for the parameters that they have in common. Here the space tells:
parameters under the same conditions are active together.
"""

from __future__ import annotations

from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import CmaEsSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from spaces import Space
from spaces.translate import optuna as translate

__all__ = ["BlockTPESampler", "Distributions", "NumbersCmaEsSampler", "blocks", "numbers"]

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
