"""Arguments of a call mean what the same keys of a file mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.errors import SettingsError
from search.settings import ResolvedSettings, Settings, read_settings
from spaces import Float, Integer, Parameter, Space


def train(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    yield {"loss": float(config["x"])}


FILE = """
name: same
trainable: mlp
data: {source: digits}
metric: {name: val/accuracy, goal: maximize, target: 0.99}
parameters:
  lr: {min: 1e-4, max: 1e-1, distribution: log_uniform_values}
  model: {width: {values: [32, 64]}}
constraints: ["lr * model.width < 5"]
method: {name: random}
early_terminate: {type: asha, eta: 4}
max_steps: 9
run_cap: 5
time_budget: 90m
resources: {cpu: 2}
points: [{lr: 0.01, model: {width: 32}}]
workers: 2
failure: {retries: 2, stop_after: null}
seed: 7
"""


def test_a_call_equals_the_file() -> None:
    Path("same.yaml").write_text(FILE)
    called = Settings.from_python(
        "mlp",
        name="same",
        data="digits",
        metric="val/accuracy",
        goal="maximize",
        target=0.99,
        parameters={"lr": Float(1e-4, 1e-1, log=True), "model": {"width": {"values": (32, np.int64(64))}}},
        constraints="lr * model.width < 5",
        method="random",
        early_terminate={"type": "asha", "eta": 4},
        max_steps=9,
        run_cap=5,
        time_budget="1h30m",
        resources={"cpu": 2},
        points=[{"lr": 0.01, "model.width": 32}],
        workers=2,
        failure={"retries": 2, "stop_after": None},
        seed=7,
    )
    written = read_settings(Path("same.yaml")).resolved()
    assert called.resolved().problem() == written.problem()
    differing = {"parameters", "points"}  # the same, spelt otherwise
    left, right = called.resolved().to_dict(), written.to_dict()
    assert {k: v for k, v in left.items() if k not in differing} == {
        k: v for k, v in right.items() if k not in differing
    }


def test_a_space_object_is_a_space() -> None:
    space = Space([Parameter("x", Integer(1, 9)), Parameter("y", Float(0.0, 1.0))], ["x * y < 5"])
    settings = Settings.from_python(
        train, parameters=space, metric="loss", constraints=["y < 0.9"]
    ).resolved()
    assert settings.space == Space(space.parameters, ["x * y < 5", "y < 0.9"])


def test_a_function_itself_is_a_trainable() -> None:
    settings = Settings.from_python(
        train, parameters={"x": {"min": 0.0, "max": 1.0}}, metric="loss"
    ).resolved()
    assert settings.plug.target is train
    assert settings.plug.kind == "generator"
    assert settings.name == "train"
    again = ResolvedSettings.from_dict(settings.to_dict(), target=train)
    assert again.plug.target is train
    assert again == settings or again.to_dict() == settings.to_dict()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"metrc": "loss"}, "metrc: unknown argument (did you mean metric or metrics?)"),
        ({"run_cap": 0}, "run_cap: must be 1 or more, got 0"),
        ({"time_budget": "soon"}, "time_budget: must be a time above zero"),
        ({"metric": "loss", "goal": "max"}, "metric.goal: must be minimize or maximize, got 'max'"),
        (
            {"parameters": {"x": {"min": 1, "mx": 3}}},
            "parameters.x.mx: unknown key 'mx' in a range (did you mean max?)",
        ),
        ({"parameters": {"x": {1, 2}}}, "parameters.x: set cannot be written to a sweep file"),
        ({"method": "tpee"}, "method: unknown method 'tpee' (did you mean tpe?)"),
        ({"cohorts": {"width": 3}}, "cohorts: unknown argument"),
        ({"data": {"api_key": "x"}}, "data.api_key: a secret would be written"),
        ({"trainable": print}, "trainable: builtins:print"),
        ({"trainable": "brannin"}, "trainable: there is no trainable 'brannin'"),
    ],
)
def test_a_wrong_argument_is_named(arguments: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"trainable": "branin", **arguments}
    with pytest.raises(SettingsError) as caught:
        Settings.from_python(**given).resolved()
    assert caught.value.problems[0].startswith(said)


def test_relative_files_start_from_the_base(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "t.py").write_text("def train(config):\n    yield {'loss': 1.0}\n")
    keys: dict[str, Any] = {"parameters": {"x": {"min": 0.0, "max": 1.0}}, "metric": "loss"}
    assert Settings.from_python("t.py:train", base=tmp_path / "sub", **keys).resolved().name == "train"
    with pytest.raises(SettingsError, match=r"trainable: there is no file"):
        Settings.from_python("t.py:train", **keys).resolved()
