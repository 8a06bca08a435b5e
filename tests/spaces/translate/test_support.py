from __future__ import annotations

import importlib
from typing import Any

import pytest

from spaces import Categorical, Condition, Constant, Float, Integer, Ordinal, Parameter, Space, SpaceError
from spaces.translate.support import FEATURES, feature, features, refuse_unsupported

X = Categorical(["x", "y"])

ONE_OF_EACH: dict[str, Space] = {
    "float": Space([Parameter("p", Float(0, 1))]),
    "float log": Space([Parameter("p", Float(1e-3, 1, log=True))]),
    "float step": Space([Parameter("p", Float(0.0, 1.0, step=0.1))]),
    "float log step": Space([Parameter("p", Float(0.1, 1.0, log=True, step=0.1))]),
    "integer": Space([Parameter("p", Integer(1, 9))]),
    "integer log": Space([Parameter("p", Integer(1, 9, log=True))]),
    "integer step": Space([Parameter("p", Integer(1, 9, step=2))]),
    "integer log step": Space([Parameter("p", Integer(2, 8, log=True, step=2))]),
    "categorical": Space([Parameter("p", X)]),
    "ordinal": Space([Parameter("p", Ordinal([1, 2]))]),
    "constant": Space([Parameter("p", Constant(1))]),
    "condition": Space([Parameter("q", X), Parameter("p", X, (Condition("q", "==", "x"),))]),
    "branches": Space(
        [
            Parameter("q", X),
            Parameter("p", X, (Condition("q", "==", "x"),)),
            Parameter("p", Integer(1, 2), (Condition("q", "==", "y"),)),
        ]
    ),
    "constraint": Space([Parameter("p", Integer(1, 9))], ["p < 5"]),
}
BACKENDS = {
    "optuna": "to_optuna",
    "hyperopt": "to_hyperopt",
    "ray": "to_ray",
    "configspace": "to_configspace",
}


def test_every_feature_has_its_example() -> None:
    assert ONE_OF_EACH.keys() == set(FEATURES)
    for name, space in ONE_OF_EACH.items():
        assert name in {used for used, _ in features(space)}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", FEATURES)
def test_a_backend_does_what_it_declares(backend: str, name: Any) -> None:
    pytest.importorskip({"configspace": "ConfigSpace"}.get(backend, backend))
    module = importlib.import_module(f"spaces.translate.{backend}")
    translate = getattr(module, BACKENDS[backend])
    assert module.SUPPORTS | module.REFUSALS.keys() == set(FEATURES)
    assert not module.SUPPORTS & module.REFUSALS.keys()
    if name in module.SUPPORTS:
        assert isinstance(translate(ONE_OF_EACH[name]), dict)
    else:
        with pytest.raises(SpaceError, match=f"cannot express '{name}' exactly") as refused:
            translate(ONE_OF_EACH[name])
        assert refused.value.where in ("p", "p < 5")


def test_a_refusal_names_every_parameter_to_blame() -> None:
    space = Space([Parameter("a", Float(0, 1)), Parameter("b", X), Parameter("c", Float(0, 2))])
    with pytest.raises(SpaceError) as refused:
        refuse_unsupported(space, {"float": "they are too smooth"}, "Toy")
    assert [each.where for each in refused.value.problems] == ["a", "c"]
    assert "a: Toy cannot express 'float' exactly: they are too smooth" in str(refused.value)


def test_a_step_of_one_is_no_feature_of_integers_but_is_of_floats() -> None:
    assert feature(Integer(1, 3, step=1)) == "integer"
    assert feature(Float(1, 3, step=1)) == "float step"
