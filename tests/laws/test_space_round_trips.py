"""Laws of every space: there and back again by unit cube, JSON, sweep-file spelling and translators."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.space_strategies import configs, domains, patient, spaces, unit_points
from spaces import Domain, Float, Space, SpaceError, flatten, nest, parse_parameters, spell_parameters
from spaces.translate import configspace, hyperopt, optuna

T = TypeVar("T")

units = st.floats(0, 1)


def or_refusal(make: Callable[[], T], text: str) -> T | None:
    """What `make` gives, or None when it refuses by name with a SpaceError that says `text`."""
    try:
        return make()
    except SpaceError as error:
        if text not in str(error):
            raise
        return None


def close(domain: Domain, a: object, b: object) -> bool:
    if isinstance(domain, Float) and domain.lattice is None:
        scale = abs(float(a)) if domain.log else max(abs(domain.low), abs(domain.high))
        return abs(float(a) - float(b)) <= 1e-12 * max(scale, 1e-300)
    return type(a) is type(b) and a == b


@given(domains(), units)
@patient
def test_the_unit_interval_gives_a_value_back(domain: Domain, u: float) -> None:
    value = domain.from_unit(u)
    place = domain.to_unit(value)
    assert 0 <= place <= 1
    assert close(domain, value, domain.from_unit(place))
    assert close(domain, value, domain.validate(value))


@given(domains(), units, units)
@patient
def test_the_unit_interval_keeps_the_order(domain: Domain, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert domain.to_unit(domain.from_unit(low)) <= domain.to_unit(domain.from_unit(high)) + 1e-9


@given(domains())
@patient
def test_domains_come_back_from_json(domain: Domain) -> None:
    assert Domain.from_json(json.loads(json.dumps(domain.to_json()))) == domain


@given(domains(discrete=True))
@patient
def test_a_discrete_domain_has_as_many_values_as_its_size_says(domain: Domain) -> None:
    grid = domain.grid(3)
    assert len(grid) == domain.size == len({(type(each), each) for each in grid})
    assert [domain.from_unit(domain.to_unit(each)) for each in grid] == list(grid)


@given(st.data())
@patient
def test_spaces_come_back_from_json(data: st.DataObject) -> None:
    space = data.draw(spaces(constraints=True))
    again = Space.from_json(json.loads(json.dumps(space.to_json())))
    assert again == space
    assert [each.key for each in again.parameters] == [each.key for each in space.parameters]


@given(st.data())
@patient
def test_spaces_come_back_from_their_spelling(data: st.DataObject) -> None:
    space = data.draw(spaces(constraints=True))
    spelled = or_refusal(lambda: spell_parameters(space), "cannot say")  # only `!=` a list
    if spelled is None:
        return
    again = parse_parameters(json.loads(json.dumps(spelled)), constraints=space.constraints)
    assert {each.key: each for each in again.parameters} == {each.key: each for each in space.parameters}


@given(st.data())
@patient
def test_the_unit_cube_gives_a_config_back(data: st.DataObject) -> None:
    space = data.draw(spaces())
    config = data.draw(configs(space))
    point = space.to_unit(config)
    again = space.from_unit(point)
    assert list(again) == list(config)
    for each in space.active(config):
        assert close(each.domain, config[each.name], again[each.name])
    inactive = set(space.searched) - set(space.active(config))
    assert {each.key for each, u in zip(space.searched, point, strict=True) if math.isnan(u)} == {
        each.key for each in inactive
    }


@given(st.data())
@patient
def test_a_config_is_valid_flat_or_nested_in_any_order(data: st.DataObject) -> None:
    space = data.draw(spaces())
    config = data.draw(configs(space))
    shuffled = dict(data.draw(st.permutations(list(config.items()))))
    assert flatten(nest(config)) == config
    assert space.validate(shuffled) == space.validate(nest(shuffled)) == space.validate(config)
    assert list(space.validate(nest(shuffled))) == list(config)
    assert space.fingerprint(shuffled) == space.fingerprint(config)
    from_disk = json.loads(json.dumps(config))
    assert space.fingerprint(from_disk) == space.fingerprint(config)
    assert space.validate(from_disk) == space.validate(config)


@given(st.data())
@patient
def test_inactive_entries_of_a_point_do_not_matter(data: st.DataObject) -> None:
    space = data.draw(spaces())
    point = data.draw(unit_points(space))
    config = space.from_unit(point)
    active = {each.key for each in space.active(config)}
    blanked = np.array(
        [u if each.key in active else np.nan for each, u in zip(space.searched, point, strict=True)]
    )
    assert space.from_unit(blanked) == config


@given(st.data())
@patient
def test_samples_are_feasible_and_repeat_with_the_seed(data: st.DataObject) -> None:
    space = data.draw(spaces(constraints=True))
    seed = data.draw(st.integers(0, 2**32))
    config = or_refusal(
        lambda: space.sample(np.random.default_rng(seed), attempts=50), "no feasible config in 50"
    )
    if config is None:
        return
    assert config == space.sample(np.random.default_rng(seed), attempts=50)
    assert space.feasible(config)
    assert space.validate(config) == config


@given(st.data())
@patient
def test_optuna_gives_a_config_back(data: st.DataObject) -> None:
    space = data.draw(spaces())
    config = space.validate(data.draw(configs(space)))
    known = or_refusal(lambda: optuna.to_optuna(space), "Optuna")
    if known is None:
        return
    params = optuna.params(space, config)
    used = optuna.distributions(space, config)
    assert params.keys() == used.keys() <= known.keys()
    for key, value in params.items():
        internal = used[key].to_internal_repr(value)
        assert used[key]._contains(internal), (used[key], value)
        params[key] = used[key].to_external_repr(internal)
    assert optuna.to_config(space, params) == config


@given(st.data())
@patient
def test_optuna_suggests_configs_of_the_space(data: st.DataObject) -> None:
    from optuna.trial import FixedTrial

    space = data.draw(spaces())
    config = space.validate(data.draw(configs(space)))
    params = or_refusal(lambda: optuna.params(space, config), "Optuna")
    if params is None:
        return
    trial = FixedTrial(params)
    assert optuna.suggest(space, trial) == config
    assert trial.params.keys() == params.keys()


@given(st.data())
@patient
def test_hyperopt_gives_a_config_back(data: st.DataObject) -> None:
    space = data.draw(spaces())
    config = space.validate(data.draw(configs(space)))
    vals = or_refusal(lambda: hyperopt.encode(space, config), "Hyperopt")
    if vals is None:
        return
    assert vals.keys() == {each.key for each in space.searched}
    assert hyperopt.decode(space, vals) == config


@pytest.mark.slow
@given(st.data())
@settings(patient, max_examples=50)
def test_configspace_reads_a_space_and_its_samples_are_configs(data: st.DataObject) -> None:
    library = pytest.importorskip("ConfigSpace")
    space = data.draw(spaces())
    written = or_refusal(lambda: configspace.to_configspace(space), "ConfigSpace")
    if written is None:
        return
    read = library.ConfigurationSpace.from_serialized_dict(json.loads(json.dumps(written)))
    read.seed(0)
    for _ in range(5):
        sample = dict(read.sample_configuration())
        config = configspace.decode(space, sample)
        assert space.validate(config) == config
        assert {each.key for each in space.active(config)} == sample.keys()
