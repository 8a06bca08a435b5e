from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import optuna as library
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from contracts.space_shares import assert_shares, expected_shares
from spaces import (
    Categorical,
    Condition,
    Constant,
    Domain,
    Float,
    Integer,
    Ordinal,
    Parameter,
    Space,
    SpaceError,
)
from spaces.translate import optuna

library.logging.set_verbosity(library.logging.ERROR)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (Float(0, 1), FloatDistribution(0, 1)),
        (Float(1e-5, 0.1, log=True), FloatDistribution(1e-5, 0.1, log=True)),
        (Float(0.0, 0.5, step=0.1), FloatDistribution(0, 0.5, step=0.1)),
        (Float(0.1, 1.0, log=True, step=0.1), IntDistribution(1, 10, log=True)),
        (Integer(1, 10), IntDistribution(1, 10)),
        (Integer(1, 10, step=3), IntDistribution(1, 10, step=3)),
        (Integer(1, 64, log=True), IntDistribution(1, 64, log=True)),
        (Integer(16, 256, log=True, step=16), IntDistribution(1, 16, log=True)),
        (Categorical(["a", None, 2, 0.5]), CategoricalDistribution(["a", None, 2, 0.5])),
        (Categorical([True, 1, 1.0]), CategoricalDistribution(["true", "1", "1.0"])),
        (Categorical([(64,), (64, 64)]), CategoricalDistribution(["[64]", "[64,64]"])),
        (Ordinal(["s", "m", "l"]), IntDistribution(0, 2)),
    ],
    ids=str,
)
def test_the_distribution_of_a_domain(domain: Domain, expected: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = optuna.distribution(domain)
    assert found == expected
    for value in domain.grid(5):
        back = optuna.decode(domain, optuna.encode(domain, value))
        assert back == value
        assert type(back) is type(value)


@pytest.mark.parametrize(
    ("domain", "says"),
    [
        (Constant(1), "a constant is not searched"),
        (Integer(2**53, 2**53 + 8), "exact to 2\\*\\*53 only"),
        (Integer(3, 9, log=True, step=2), "make the lower bound a multiple of the step"),
        (Float(0.0, 100.0, step=1e-6), "widen the step"),
    ],
)
def test_what_optuna_cannot_say_is_refused(domain: Domain, says: str) -> None:
    with pytest.raises(SpaceError, match=says):
        optuna.distribution(domain)
    if not isinstance(domain, Constant):
        with pytest.raises(SpaceError, match=r"^m\.x: "):
            optuna.to_optuna(Space([Parameter("m.x", domain)]))


DISCRETE = [
    Integer(1, 10, step=3),
    Integer(1, 8, log=True),
    Integer(16, 128, log=True, step=16),
    Float(0.0, 0.5, step=0.1),
    Float(0.1, 1.0, log=True, step=0.1),
    Categorical([True, 1, "a"]),
    Ordinal(["s", "m", "l"]),
]


@pytest.mark.slow
def test_random_draws_have_the_shares_of_the_domains() -> None:
    space = Space([Parameter(f"p{i}", domain) for i, domain in enumerate(DISCRETE)])
    study = library.create_study(sampler=library.samplers.RandomSampler(seed=0))
    drawn = [optuna.suggest(space, study.ask()) for _ in range(3000)]
    assert all(space.validate(config) == config for config in drawn[:100])
    for each in space.parameters:
        assert_shares([config[each.name] for config in drawn], expected_shares(each.domain))


CONDITIONAL = Space(
    [
        Parameter("opt", Categorical(["sgd", "adam"])),
        Parameter("momentum", Float(0.5, 0.99), (Condition("opt", "==", "sgd"),)),
        Parameter("decay", Float(0.0, 0.1), (Condition("opt", "==", "sgd"),)),
        Parameter("decay", Integer(1, 3), (Condition("opt", "==", "adam"),)),
        Parameter("n", Integer(1, 4)),
        Parameter("deep", Float(0, 1), (Condition("n", ">=", 3), Condition("opt", "==", "adam"))),
        Parameter("epochs", Constant(3)),
    ]
)


def test_conditional_spaces_are_define_by_run() -> None:
    study = library.create_study(sampler=library.samplers.TPESampler(seed=0, n_startup_trials=5))
    seen: Counter[frozenset[str]] = Counter()
    for _ in range(40):
        trial = study.ask()
        config = optuna.suggest(CONDITIONAL, trial)
        assert CONDITIONAL.validate(config) == config
        assert trial.params == optuna.params(CONDITIONAL, config)
        assert trial.distributions == optuna.distributions(CONDITIONAL, config)
        assert optuna.to_config(CONDITIONAL, trial.params) == config
        seen[frozenset(trial.params)] += 1
        study.tell(trial, float(config["n"]))
    assert {"decay[opt=sgd]", "momentum"} <= set().union(*seen)
    assert len(seen) >= 3


def test_a_config_becomes_a_finished_trial_of_a_study() -> None:
    config = {"opt": "adam", "decay": 2, "n": 4, "deep": 0.5, "epochs": 3}
    study = library.create_study()
    study.add_trial(
        library.trial.create_trial(
            params=optuna.params(CONDITIONAL, config),
            distributions=optuna.distributions(CONDITIONAL, config),
            value=0.5,
        )
    )
    assert optuna.to_config(CONDITIONAL, study.best_params) == config


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(SpaceError, match="momentum: the Optuna trial has no value"):
        optuna.to_config(CONDITIONAL, {"opt": "sgd", "n": 1})
