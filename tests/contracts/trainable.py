"""The contract of a trainable, as an importable suite.

```
from contracts.trainable import Case, TrainableContract

class TestMine(TrainableContract):
    @pytest.fixture(params=[Case("my_package.models:Mine")])
    def case(self, request): return request.param
```

What learns from a data set keeps `LearnerContract` too, which inherits it.
"""

from __future__ import annotations

import copy
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spaces import Parameter, Space, flatten, nest, parse_parameters
from trainables import Declaration, Host, Plug, clean_metrics, read_checkpoint, resolve, write_checkpoint
from trainables.data import load

Metrics = list[dict[str, float]]


@dataclass(frozen=True)
class Case:
    """A trainable, and what the suite has to know of it.

    Attributes:
        ref: whatever `resolve` takes.
        options: put over each config drawn from the declared space, nested.
        steps: how many steps to train; it must not end before.
        diverging: options under which the metric becomes non-finite within those steps; None = never.
        seeded: whether another seed gives other metrics.
        learning: options put over the defaults where it has to show that it learns, nested; the data is that of
            `options`.
        budget: steps in which it has to.
        beats: share of the trivial predictor's error that has to be gone then, in (0, 1].
        trivial: error of the trivial predictor, for a metric that is neither val/accuracy nor val/rmse.
        idle: declared parameters that rightly change nothing within `steps` on this data, such as one that only
            limits what the data does not reach.
    """

    ref: str | type | Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 5
    diverging: Mapping[str, Any] | None = None
    seeded: bool = False
    learning: Mapping[str, Any] = field(default_factory=dict)
    budget: int = 10
    beats: float = 0.25
    trivial: float | None = None
    idle: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.ref if isinstance(self.ref, str) else self.ref.__name__}"

    @property
    def plug(self) -> Plug:
        """The resolved trainable."""
        return resolve(self.ref)

    def config(self, draw: int) -> dict[str, Any]:
        """A config drawn from the declared space, under the case's options."""
        space = parse_parameters(self.plug.declaration(self.options.get("data")).parameters)
        drawn = nest(space.sample(np.random.default_rng(draw)))
        return copy.deepcopy({**drawn, **self.options})

    def repeatable(self, metrics: Mapping[str, Any]) -> dict[str, float]:
        """The metrics without those that the wall clock measures."""
        clocked = self.plug.declaration().clocked
        return {name: value for name, value in metrics.items() if name not in clocked}

    def advance(self, host: Host, steps: int) -> Metrics:
        """So many steps, each of which must report."""
        found: Metrics = []
        for _ in range(steps):
            metrics = host.advance()
            assert metrics is not None, f"ended after {host.step} steps"
            found.append(self.repeatable(metrics))
        return found

    def train(self, config: Mapping[str, Any], seed: int, steps: int) -> Metrics:
        """The metrics of a trial that nothing interrupts."""
        host = Host(self.plug)
        host.start(config, seed=seed)
        found = self.advance(host, steps)
        host.close()
        return found


class TrainableContract:
    """What a searcher, a scheduler and a runner rely on."""

    def test_diverging_is_reported_and_not_raised(self, case: Case) -> None:
        objective = case.plug.declaration(case.options.get("data")).metric or ""
        if case.diverging is None:
            rows = case.train(case.config(0), 0, case.steps)
            assert all(clean_metrics(row, objective)[1] is None for row in rows)
            return
        host = Host(case.plug)
        host.start({**case.config(0), **case.diverging}, seed=0)
        problems = []
        for _ in range(case.steps):
            problems.append(clean_metrics(host.advance(), objective)[1])
        assert any(problem is not None and problem.startswith(f"{objective} is ") for problem in problems)

    def test_the_declared_metric_is_reported_at_every_step(self, case: Case) -> None:
        declared = case.plug.declaration(case.options.get("data"))
        assert declared.metric is not None
        host = Host(case.plug)
        host.start(case.config(1), seed=0)
        for step in range(1, case.steps + 1):
            metrics, problem = clean_metrics(host.advance(), declared.metric)
            assert problem is None
            assert math.isfinite(metrics[declared.metric])
            assert host.step == step
            assert set(declared.clocked) <= set(metrics)

    def test_the_declared_space_is_valid(self, case: Case) -> None:
        declared = case.plug.declaration()
        space = parse_parameters(declared.parameters)
        assert space.searched
        assert declared.max_steps is not None
        for draw in range(50):
            config = space.sample(np.random.default_rng(draw))
            assert space.validate(nest(config)) == config

    def test_one_seed_decides_everything(self, case: Case) -> None:
        config = case.config(0)
        first, again = (case.train(config, 5, case.steps) for _ in range(2))
        assert first == again
        if case.seeded:
            assert case.train(config, 6, case.steps) != first

    def test_the_config_is_left_as_it_was(self, case: Case) -> None:
        config = case.config(0)
        before = copy.deepcopy(config)
        case.train(config, 0, 1)
        assert config == before

    @pytest.mark.parametrize("pause", [0, 1, 2, 4])
    def test_a_paused_trial_gives_the_same_metrics(self, case: Case, pause: int, tmp_path: Path) -> None:
        """Saved and loaded where it can be, replayed where it cannot; twice in one trial."""
        pause = min(pause, case.steps - 1)
        config = case.config(2)
        straight = case.train(config, 9, case.steps)
        host = Host(case.plug)
        host.start(config, seed=9)
        rows: Metrics = []
        for part in (pause, case.steps - 1 - pause):
            rows += case.advance(host, part)
            if case.plug.can_checkpoint:
                checkpoint = write_checkpoint(tmp_path, host.save, host.step)
                host = Host(case.plug)
                host.start(config, seed=9, checkpoint=checkpoint, from_step=read_checkpoint(checkpoint))
            else:
                done = host.step
                host = Host(case.plug)
                host.start(config, seed=9, from_step=done)
            assert host.step == len(rows)
        rows += case.advance(host, 1)
        assert rows == straight

    def test_saving_changes_nothing(self, case: Case, tmp_path: Path) -> None:
        if not case.plug.can_checkpoint:
            return
        config = case.config(0)
        host = Host(case.plug)
        host.start(config, seed=3)
        rows: Metrics = []
        for _ in range(case.steps):
            rows += case.advance(host, 1)
            write_checkpoint(tmp_path, host.save, host.step)
        assert rows == case.train(config, 3, case.steps)

    def test_trials_that_take_turns_do_not_disturb_each_other(self, case: Case) -> None:
        configs = [case.config(draw) for draw in (0, 1)]
        alone = [case.train(config, seed, case.steps) for seed, config in enumerate(configs)]
        hosts = [Host(case.plug), Host(case.plug)]
        for seed, (host, config) in enumerate(zip(hosts, configs, strict=True)):
            host.start(config, seed=seed)
        turns: list[Metrics] = [[], []]
        for _ in range(case.steps):
            for rows, host in zip(turns, hosts, strict=True):
                rows += case.advance(host, 1)
        assert turns == alone

    @pytest.mark.slow
    def test_another_process_goes_on_with_the_same_metrics(self, case: Case, tmp_path: Path) -> None:
        if not case.plug.importable:
            return
        config = case.config(3)
        half = case.steps // 2
        host = Host(case.plug)
        host.start(config, seed=4)
        case.advance(host, half)
        task = {"ref": case.plug.ref, "config": config, "checkpoint": None, "half": half, "steps": case.steps}
        if case.plug.can_checkpoint:
            task["checkpoint"] = str(write_checkpoint(tmp_path, host.save, host.step))
        root = str(Path(__file__).parents[2])
        done = subprocess.run(
            [sys.executable, "-c", GO_ON, json.dumps(task)],
            env={**os.environ, "PYTHONPATH": root},
            capture_output=True,
            text=True,
            check=True,
        )
        there = [case.repeatable(row) for row in json.loads(done.stdout)]
        assert there == case.advance(host, case.steps - half)


class LearnerContract(TrainableContract):
    """What a sweep relies on besides, of a trainable that learns from a data set."""

    def test_it_beats_the_trivial_predictor(self, case: Case) -> None:
        """At its defaults: a user who changes nothing gets a model."""
        declared = case.plug.declaration(case.options["data"])
        rows = case.train({**case.learning, "data": case.options["data"]}, 0, case.budget)
        errors = [_error(declared, row[declared.metric or ""]) for row in rows]
        trivial = _trivial_error(declared, case.options["data"]) if case.trivial is None else case.trivial
        assert min(errors) <= (1 - case.beats) * trivial, (
            f"{min(errors):.3g}, and {trivial:.3g} without learning"
        )

    def test_measuring_says_what_the_last_step_said(self, case: Case, tmp_path: Path) -> None:
        """And changes nothing: a confirmation measures saved models on rows that no trial may see."""
        if not case.plug.can_measure:
            return
        config = case.config(1)
        host = Host(case.plug)
        host.start(config, seed=2)
        rows = case.advance(host, 2)
        said = {name: value for name, value in rows[-1].items() if name.startswith("val/")}
        measured = {name: value for name, value in host.measure().items() if name in said}
        assert measured == pytest.approx(said, nan_ok=True)
        assert measured
        checkpoint = write_checkpoint(tmp_path, host.save, host.step)
        rows += case.advance(host, 1)
        assert rows == case.train(config, 2, 3)
        host.start(config, seed=2, checkpoint=checkpoint, from_step=2)
        again = {name: value for name, value in host.measure().items() if name in said}
        assert again == pytest.approx(said, nan_ok=True)

    def test_every_declared_parameter_changes_something(self, case: Case) -> None:
        declared = case.plug.declaration(case.options["data"])
        space = parse_parameters(declared.parameters)
        idle = set()

        def train(config: Mapping[str, Any]) -> Metrics:
            return case.train(nest({**config, **flatten(case.options)}), 0, min(case.steps, 3))

        for parameter in space.searched:
            if parameter.name in case.idle or parameter.name in flatten(case.options):
                continue
            config = _config_with(space, parameter)
            first = train(config)
            if all(train(_changed(space, config, parameter, end)) == first for end in (0.0, 1.0)):
                idle.add(parameter.name)
        assert not idle

    def test_every_config_of_the_space_trains(self, case: Case) -> None:
        """It may diverge, which is reported; it may not raise."""
        for draw in range(10, 18):
            case.train(case.config(draw), 0, 1)

    def test_it_draws_what_it_has_learnt(self, case: Case, tmp_path: Path) -> None:
        """As many pictures after a checkpoint as before it."""
        if not case.plug.can_draw:
            return
        config = case.config(0)
        host = Host(case.plug)
        host.start(config, seed=0)
        case.advance(host, 1)
        checkpoint = write_checkpoint(tmp_path / "checkpoints", host.save, host.step)
        again = Host(case.plug)
        again.start(config, seed=0, checkpoint=checkpoint)
        names = []
        for place, each in (("first", host), ("again", again)):
            (tmp_path / place).mkdir()
            each.draw(tmp_path / place)
            names.append({file.name for file in (tmp_path / place).iterdir()})
        assert names[0] == names[1]
        assert any(name.endswith(".png") for name in names[0])
        assert case.advance(host, 1) == case.advance(again, 1)


def _error(declared: Declaration, value: float) -> float:
    return 1 - value if declared.goal == "maximize" else value


def _trivial_error(declared: Declaration, data: Any) -> float:
    """Of the most frequent class, or of the mean, of the training rows."""
    dataset = load(data)
    if declared.metric == "val/accuracy":
        commonest = np.bincount(dataset.train_y).argmax()
        return float((dataset.valid_y != commonest).mean())
    assert declared.metric == "val/rmse", f"say the trivial predictor's {declared.metric} in the case"
    squared = ((dataset.valid_y - dataset.train_y.mean(axis=0)) ** 2).mean(axis=0)
    return float(np.sqrt(squared).mean())


def _config_with(space: Space, parameter: Parameter) -> dict[str, Any]:
    """A drawn config in which the parameter takes part."""
    for draw in range(1000):
        config = space.sample(np.random.default_rng(draw))
        if parameter in space.active(config):
            return config
    raise AssertionError(f"{parameter.name} takes part in none of 1000 draws")


def _changed(space: Space, config: Mapping[str, Any], parameter: Parameter, end: float) -> dict[str, Any]:
    """The config with one parameter at an end of its domain; what that makes active takes a middle value."""
    value = parameter.domain.from_unit(min(end, 1.0 - 1e-9))

    def choose(asked: Parameter) -> Any:
        if asked == parameter:
            return value
        return config[asked.name] if asked in active else asked.domain.from_unit(0.5)

    active = space.active(config)
    return space.walk(choose)


GO_ON = """
import json, sys
from pathlib import Path
from trainables import Host, resolve
task = json.loads(sys.argv[1])
host = Host(resolve(task["ref"]))
checkpoint = Path(task["checkpoint"]) if task["checkpoint"] else None
host.start(task["config"], seed=4, checkpoint=checkpoint, from_step=task["half"])
print(json.dumps([host.advance() for _ in range(task["steps"] - task["half"])]))
"""
