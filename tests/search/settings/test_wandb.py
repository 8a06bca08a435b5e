"""Sweep files as W&B's documentation shows them: read unchanged where they mean the same here.

Only `trainable` is added, by `--set`: W&B starts a program, here a function or class is called.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import SettingsError
from search.settings import ResolvedSettings, read_settings
from spaces import Categorical, Constant, Domain, Float, Integer

TRAIN = """
declared = {}

def train(config):
    yield {"val_loss": 1.0, "val_accuracy": 0.5, "validation_loss": 1.0, "loss": 1.0, "score": 1.0}
"""


def resolved(text: str) -> ResolvedSettings:
    Path("train.py").write_text(TRAIN)
    Path("sweep.yaml").write_text(text)
    return read_settings(Path("sweep.yaml"), ["trainable=train.py:train"]).resolved()


def domains(settings: ResolvedSettings) -> dict[str, Domain]:
    return {parameter.name: parameter.domain for parameter in settings.space.parameters}


def test_grid() -> None:
    settings = resolved(
        """
program: train.py
method: grid
metric:
  name: val_loss
  goal: minimize
parameters:
  learning_rate:
    values: [0.1, 0.01, 0.001]
  batch_size:
    values: [16, 32]
  epochs:
    value: 5
"""
    )
    assert settings.file.method is not None
    assert (settings.file.method.name, settings.space.size, settings.file.run_cap) == ("grid", 6, None)
    assert domains(settings)["epochs"] == Constant(5)


def test_random_with_distributions() -> None:
    settings = resolved(
        """
program: train.py
name: sweepdemo
project: first_sweep
entity: my-team
description: random over everything
method: random
metric:
  goal: maximize
  name: val_accuracy
parameters:
  batch_size:
    distribution: q_log_uniform_values
    max: 256
    min: 32
    q: 8
  dropout:
    values: [0.3, 0.4, 0.5]
  epochs:
    value: 1
  fc_layer_size:
    values: [128, 256, 512]
  learning_rate:
    distribution: uniform
    max: 0.1
    min: 0
  optimizer:
    values: ["adam", "sgd"]
run_cap: 20
"""
    )
    assert settings.name == "sweepdemo"
    found = domains(settings)
    assert found["batch_size"] == Float(32, 256, log=True, step=8) or found["batch_size"] == Integer(
        32, 256, True, 8
    )
    assert found["learning_rate"] == Float(0.0, 0.1)
    assert found["optimizer"] == Categorical(("adam", "sgd"))
    assert [note.partition(" ")[2].partition(":")[0] for note in settings.notes[:3]] == [
        "program",
        "project",
        "entity",
    ]


def test_bayes_with_hyperband_from_the_first_rung() -> None:
    settings = resolved(
        """
program: train.py
method: bayes
metric:
  name: validation_loss
  goal: minimize
parameters:
  learning_rate:
    min: 0.0001
    max: 0.1
  optimizer:
    values: ["adam", "sgd"]
early_terminate:
  type: hyperband
  min_iter: 3
  eta: 3
run_cap: 30
"""
    )
    problem = settings.problem()
    assert settings.file.method is not None
    assert settings.file.method.name == "tpe"
    assert settings.scheduler(problem).rungs == (3, 9, 27, 81)
    assert any("bayes is read as tpe" in note for note in settings.notes)


@pytest.mark.parametrize(
    ("s", "rungs"), [(2, (3, 9)), (2**31, (1, 3, 9))], ids=["two", "more than there are"]
)
def test_hyperband_from_the_last_step(s: int, rungs: tuple[int, ...]) -> None:
    """W&B: "the brackets are [27/eta, 27/eta/eta]", which is 9 and 3."""
    settings = resolved(
        f"""
method: random
metric: {{name: loss, goal: minimize}}
parameters:
  x: {{min: 1, max: 10}}
early_terminate:
  type: hyperband
  s: {s}
  eta: 3
  max_iter: 27
run_cap: 5
"""
    )
    problem = settings.problem()
    assert problem.max_steps == 27
    assert settings.scheduler(problem).rungs == rungs
    assert domains(settings)["x"] == Integer(1, 10)


def test_nested_parameters() -> None:
    settings = resolved(
        """
method: random
metric:
  name: val_loss
parameters:
  optimizer:
    parameters:
      name:
        values: [adam, sgd]
      learning_rate:
        distribution: log_uniform_values
        min: 1e-5
        max: 1e-1
  epochs: {value: 10}
"""
    )
    assert list(domains(settings)) == ["optimizer.name", "optimizer.learning_rate", "epochs"]
    assert domains(settings)["optimizer.learning_rate"] == Float(1e-5, 1e-1, log=True)


def test_target_and_time_of_an_integer_search() -> None:
    settings = resolved(
        """
method: bayes
metric:
  name: score
  goal: maximize
  target: 0.95
parameters:
  trees: {distribution: int_uniform, min: 10, max: 200}
  depth: {distribution: q_uniform, min: 2, max: 12, q: 2}
  criterion: {distribution: categorical, values: [gini, entropy]}
  seed: {distribution: constant, value: 7}
command:
  - ${env}
  - python
  - ${program}
  - ${args}
"""
    )
    problem = settings.problem()
    assert problem.objective.target == 0.95
    assert problem.budget.trials == 30  # W&B would go on until it is stopped; three parameters are searched
    assert domains(settings)["trees"] == Integer(10, 200)
    assert any("command" in note for note in settings.notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parameters:\n  lr: {distribution: normal, mu: 0, sigma: 1}\n", "distribution normal is not read"),
        ("parameters:\n  lr: {distribution: log_uniform, min: -9, max: 0}\n", "exponents of e"),
        ("parameters:\n  o: {values: [a, b], probabilities: [0.1, 0.9]}\n", "every choice is equally likely"),
        ("method: custom\n", "unknown method 'custom'"),
        ("prior_runs: [abc]\n", "write warm_start: [RUN]"),
        ("job: team/project/job:latest\n", "W&B Launch jobs are not read"),
    ],
)
def test_what_means_something_else_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said.replace("[", r"\[")):
        resolved(f"metric: {{name: loss}}\n{text}")
