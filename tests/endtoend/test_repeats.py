"""Sweeps whose steps are folds or seeds: the same end under every runner, after every interruption, and folds saved."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.command_line import finish, start, tuneyard
from contracts.journals import Recorded
from contracts.sweeps import begin, drive, resume, story
from search import Sweep
from search.history import History
from search.journal import read_journal
from search.runners.base import Resources
from search.runners.inline import InlineRunner
from search.runners.ray_tune.cluster import cluster
from search.runners.simulated import SimulatedRunner
from search.settings import ResolvedSettings, read_settings

TIMES, LENGTH, TRIALS = 4, 3, 9

TRAINING = '''
import json
import time
from pathlib import Path


class Curve:
    """A fold and a seed have their own luck; every step taken is noted, and the third of a fold may wait."""

    def setup(self, config, *, seed, device):
        self.config, self.steps, self.total = config, 0, 0.0
        self.luck = config.get("data", {}).get("split", {}).get("fold", 0) + seed % 11

    def step(self):
        self.steps += 1
        self.total += (self.config["x"] - 0.4) ** 2 + 0.01 * self.luck / self.steps
        if log := self.config.get("log"):
            with open(log, "a") as lines:
                lines.write(f"{self.luck}.{self.steps}\\n")
            while self.steps == 3 and Path(log).with_name("wait").exists():
                time.sleep(0.02)
        return {"loss": self.total, "seconds": 1.0}

    def save(self, directory):
        (directory / "state.json").write_text(json.dumps([self.steps, self.total]))

    def load(self, directory):
        self.steps, self.total = json.loads((directory / "state.json").read_text())


def curve(config, seed):
    for step in range(1, 4):
        fold = config.get("data", {}).get("split", {}).get("fold", 0)
        yield {"loss": (config["x"] - 0.4) ** 2 + 0.01 * (fold + seed % 11) / step, "seconds": 1.0}


def two(config, seed):
    for told in curve(config, seed):
        yield {**told, "size": config["x"] + config["data"]["split"]["fold"]}
'''

SWEEP = f"""
name: repeats
trainable: training.py:Curve
metric: loss
data: {{source: anything}}
parameters: {{x: {{min: 0.0, max: 1.0}}}}
repeats: {{over: folds, times: {TIMES}}}
early_terminate: asha
max_steps: {LENGTH}
run_cap: {TRIALS}
workers: 1
seed: 4
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "training.py").write_text(TRAINING)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return tmp_path / "sweep.yaml"


def settings_of(file: Path, *overrides: str) -> ResolvedSettings:
    return read_settings(file, overrides).resolved()


CASES = [
    pytest.param([], id="a class over folds"),
    pytest.param(["trainable=training.py:curve"], id="a generator over folds"),
    pytest.param([f"repeats={{over: seeds, times: {TIMES}}}"], id="a class over seeds"),
]


@pytest.mark.parametrize("overrides", CASES)
def test_it_comes_to_the_same_end_wherever_it_was_interrupted(
    file: Path, tmp_path: Path, overrides: list[str]
) -> None:
    settings, journal = settings_of(file, *overrides), Recorded()
    whole = drive(SimulatedRunner(), begin(settings, journal), settings)
    assert {trial.state for trial in whole.trials} == {"completed", "stopped"}
    inline = drive(InlineRunner(), begin(settings, Recorded()), settings, tmp_path / "inline")
    assert story(inline) == story(whole)
    for cut in (2, len(journal.records) // 2, len(journal.records) - 3):
        again = resume(settings, journal.records[:cut], Recorded())
        root = tmp_path / f"cut-{cut}"
        assert story(drive(InlineRunner(), again, settings, root)) == story(whole), f"resumed after {cut}"


def test_every_config_is_seen_on_the_same_folds_and_under_the_same_seeds(file: Path) -> None:
    folds = settings_of(file, "early_terminate=none", "trainable=training.py:curve")
    history = drive(SimulatedRunner(), begin(folds, Recorded()), folds)
    for trial in history.trials:
        own = [result.metrics["loss/fold"] for result in trial.results]
        lucks = [(value - (trial.config["x"] - 0.4) ** 2) * 300 for value in own]
        assert lucks == pytest.approx([fold + trial.seed % 11 for fold in range(TIMES)])
    seeds = settings_of(file, f"repeats={{over: seeds, times: {TIMES}}}", "early_terminate=none")
    lucks = set()
    for trial in drive(SimulatedRunner(), begin(seeds, Recorded()), seeds).trials:
        worst = 3 * (trial.config["x"] - 0.4) ** 2
        own = [result.metrics["loss/fold"] for result in trial.results]
        lucks.add(tuple(round((value - worst) / (0.01 * 11 / 6)) for value in own))
    assert len(lucks) == 1
    assert len(set(lucks.pop())) > 1


def test_asha_saves_folds_of_hopeless_configs_and_the_last_mean_counts(file: Path) -> None:
    stopping = settings_of(file, "run_cap=30")
    all_of_it = settings_of(file, "run_cap=30", "early_terminate=none")
    fewer = drive(SimulatedRunner(), begin(stopping, Recorded()), stopping)
    more = drive(SimulatedRunner(), begin(all_of_it, Recorded()), all_of_it)
    assert more.steps_total == 30 * TIMES
    assert fewer.steps_total < 0.75 * more.steps_total
    assert fewer.best is not None
    assert fewer.best.steps == TIMES
    for trial in more.trials:
        assert trial.best is trial.last
        assert trial.last is not None
        own = [result.metrics["loss/fold"] for result in trial.results]
        assert trial.last.score == pytest.approx(sum(own) / TIMES)


def test_a_target_is_reached_by_the_mean_of_all_folds_only(file: Path) -> None:
    settings = settings_of(file, "metric={name: loss, goal: minimize, target: 100.0}")
    history = drive(SimulatedRunner(), begin(settings, Recorded()), settings)
    assert [trial.steps for trial in history.trials] == [TIMES]
    assert history.ended == "target loss = 100 reached"


def test_killed_within_a_fold_it_goes_on_from_the_step_before(file: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    sets = ("--set", f"parameters.log.value={log}", "--set", "run_cap=1")
    whole = tuneyard("run", file, "--runner", "inline", "--name", "whole", *sets, cwd=tmp_path)
    assert whole.code == 0, whole.err
    ran = log.read_text()
    log.write_text("")
    (tmp_path / "wait").touch()
    process = start("run", file, "--runner", "inline", "--name", "killed", *sets, cwd=tmp_path)
    while not log.read_text().count(".3"):
        assert process.poll() is None, process.communicate()
    os.kill(process.pid, signal.SIGKILL)
    finish(process)
    (tmp_path / "wait").unlink()
    before = log.read_text()
    assert before == "".join(ran.splitlines(keepends=True)[:3])
    log.write_text("")
    done = tuneyard("resume", "killed", cwd=tmp_path)
    assert done.code == 0, done.err
    assert log.read_text() == "".join(ran.splitlines(keepends=True)[2:])  # the third step, and those after it
    histories = [
        History.from_records(read_journal(tmp_path / "runs" / name / "journal.jsonl"))
        for name in ("whole", "killed")
    ]
    assert story(histories[0]) == story(histories[1])


@pytest.fixture(scope="module")
def one_ray() -> Iterator[Any]:
    with cluster(None, 1, Resources()) as ray:
        yield ray


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("one_ray")
@pytest.mark.parametrize("overrides", CASES[:2])
def test_on_ray_it_comes_to_the_end_of_the_simulation(file: Path, overrides: list[str]) -> None:
    simulated = Sweep.from_file(file, overrides, runner="simulated").run()
    run = Sweep.from_file(file, overrides, runner="ray").run()
    assert story(run.history) == story(simulated.history)
    assert run.paths is not None
    assert not run.paths.scratch(0).exists()  # what is over needs no way back


def test_a_crash_within_a_fold_is_retried_from_the_step_before(file: Path, tmp_path: Path) -> None:
    crashing = TRAINING.replace(
        '            while self.steps == 3 and Path(log).with_name("wait").exists():\n                time.sleep(0.02)\n',
        '            if self.steps == 3 and Path(log).read_text().count(".3") == 2:\n'
        '                raise RuntimeError("once")\n',
    )
    assert crashing != TRAINING
    (tmp_path / "training.py").write_text(crashing)
    log = tmp_path / "log"
    settings = settings_of(file, f"parameters.log.value={log}", "run_cap=1", "failure={retries: 1}")
    history = drive(InlineRunner(), begin(settings, Recorded()), settings, tmp_path / "run")
    (trial,) = history.trials
    assert trial.state == "completed"
    assert [attempt.from_step for attempt in trial.attempts] == [0, 1]
    steps = [line.rpartition(".")[2] for line in log.read_text().split()]
    assert "".join(steps) == "1231233123123"  # the second fold goes on with the step that crashed


def test_several_objectives_are_means_over_the_same_folds(file: Path) -> None:
    settings = settings_of(
        file,
        "metric=null",
        "metrics=[{name: loss, goal: minimize}, {name: size, goal: minimize}]",
        "early_terminate=none",
        "method=random",
        "trainable=training.py:two",
    )
    history = drive(SimulatedRunner(), begin(settings, Recorded()), settings)
    for trial in history.trials:
        assert trial.last is not None
        own = [result.metrics["size/fold"] for result in trial.results]
        assert trial.last.secondary == pytest.approx((sum(own) / TIMES,))
