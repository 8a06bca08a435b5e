"""Laws of enumeration: the grid and the size of any small space against brute force."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contracts.space_strategies import patient, spaces
from spaces import Space
from spaces.values import canonical


def brute_force(space: Space) -> set[str]:
    """Every combination of values of all branches, thrown through the space's own idea of what is active."""
    found: set[str] = set()
    axes = [each.domain.grid(3) for each in space.parameters]
    for values in itertools.product(*axes):
        chosen = dict(zip((each.key for each in space.parameters), values, strict=True))
        config: dict[str, Any] = {}
        for each in space.parameters:  # parents first
            if all(c.parent in config and c.holds(config[c.parent]) for c in each.when):
                config[each.name] = chosen[each.key]
        if space.feasible(config):
            found.add(canonical(sorted(config.items())))
    return found


@given(st.data())
@patient
def test_the_grid_is_every_feasible_config_once(data: st.DataObject) -> None:
    space = data.draw(spaces(most=4, few_values=True, constraints=True))
    configs = list(space.grid(3))
    texts = [canonical(sorted(config.items())) for config in configs]
    assert len(texts) == len(set(texts))
    assert set(texts) == brute_force(space)
    assert all(space.validate(config) == config for config in configs)


@given(st.data())
@patient
def test_the_size_is_the_length_of_the_grid(data: st.DataObject) -> None:
    space = data.draw(spaces(most=4, few_values=True))
    assert space.size == len(list(space.grid()))


@given(st.data())
@patient
def test_fingerprints_differ_where_configs_do(data: st.DataObject) -> None:
    space = data.draw(spaces(most=3, few_values=True))
    configs = list(space.grid())
    assert len({space.fingerprint(config) for config in configs}) == len(configs)


@given(st.data(), st.integers(0, 2**32))
@patient
def test_every_sample_of_a_discrete_space_is_on_its_grid(data: st.DataObject, seed: int) -> None:
    space = data.draw(spaces(most=4, few_values=True))
    grid = {space.fingerprint(config) for config in space.grid()}
    rng = np.random.default_rng(seed)
    assert {space.fingerprint(space.sample(rng)) for _ in range(10)} <= grid
