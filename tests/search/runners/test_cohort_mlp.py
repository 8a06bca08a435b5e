"""Lanes of real networks: what ordinary trials would have reported, decided and left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from contracts.command_line import finish, start, wait_for_records
from search.api import Sweep, resume
from search.history import History
from search.journal import iterate_journal
from search.run import Run
from search.runners.base import Lanes, Work
from search.runners.cohort import CohortRunner
from search.settings import ResolvedSettings
from search.sweep import PassiveSweep

pytest.importorskip("torch", reason="lanes are stacks of torch tensors")

CLOCKED = "examples_per_second"
TOLERANCE = 2e-3  # of a loss after a few epochs without dropout: stacked arithmetic rounds in another order

SWEEP = """trainable: mlp
data: {source: digits}
method: random
early_terminate: none
max_steps: 4
parameters:
  lr: {min: 1e-4, max: 1e-2, log: true}
  weight_decay: {min: 1e-6, max: 1e-2, log: true}
  dropout: 0
  optimizer: adam
  batch_size: 256
  model: {width: 16, depth: 1}
run_cap: 6
checkpoint: {every: 2}
lanes: 4
"""


@pytest.fixture
def sweep_file(tmp_path: Path) -> Path:
    file = tmp_path / "sweep.yaml"
    file.write_text(SWEEP)
    return file


def run_inline(file: Path, name: str, *sets: str) -> Run:
    return Sweep.from_file(file, [f"name={name}", *sets], runner="inline").run()


def history_of(folder: Path) -> History:
    return History.from_records(iterate_journal(folder / "journal.jsonl"))


def same(found: History, expected: History) -> None:
    """The same trials with the same ends, and the same metrics but for the rounding of another order of operations."""
    assert len(found.trials) == len(expected.trials)
    for trial, other in zip(found.trials, expected.trials, strict=True):
        assert (trial.config, trial.seed) == (other.config, other.seed)
        assert (trial.state, trial.steps) == (other.state, other.steps), trial.reason
        for result, reported in zip(trial.results, other.results, strict=True):
            assert set(result.metrics) == set(reported.metrics)
            for metric in ("train/loss", "val/loss"):
                assert result.metrics[metric] == pytest.approx(reported.metrics[metric], rel=TOLERANCE), (
                    f"{trial.id}, step {result.step}"
                )
            assert result.metrics["val/accuracy"] == pytest.approx(reported.metrics["val/accuracy"], abs=1e-2)


def test_lanes_report_what_ordinary_trials_report_and_leave_what_they_leave(sweep_file: Path) -> None:
    lanes = run_inline(sweep_file, "lanes")
    plain = run_inline(sweep_file, "plain", "lanes=null")
    same(lanes.history, plain.history)
    assert lanes.paths is not None
    assert plain.paths is not None
    for trial in lanes.history.trials:
        assert [attempt.pid for attempt in trial.attempts] == [os.getpid()]
        kept, ordinary = (
            sorted(path.relative_to(paths.root) for path in paths.checkpoints(trial.number).rglob("*"))
            for paths in (lanes.paths, plain.paths)
        )
        assert kept == ordinary
        assert kept
    boards = [
        sorted(path.name for path in paths.tensorboard.iterdir() if path.is_dir())
        for paths in (lanes.paths, plain.paths)
    ]
    assert boards == [[trial.id for trial in lanes.history.trials]] * 2
    drawn = [t for t in lanes.history.trials if lanes.paths.pictures(t.number).is_dir()]
    assert drawn  # as of an ordinary trial among the best
    assert all(list((lanes.paths.tensorboard / trial.id).glob("*.eval")) for trial in drawn)


def test_decisions_are_those_of_as_many_workers(sweep_file: Path) -> None:
    """The same rungs at the same time: trials stopped in lanes are those stopped on a virtual clock."""
    from search.runners.simulated import SimulatedRunner

    found = []
    for runner, more in (
        (CohortRunner(), {"lanes": Lanes(4, 4)}),
        (SimulatedRunner(), {"workers": 4}),
    ):
        sets = ["early_terminate={type: asha, min_iter: 1, eta: 2}", "run_cap=10", "metric=val/loss"]
        settings = Sweep.from_file(sweep_file, [*sets, "metric.goal=minimize", "lanes=null"]).resolved
        found.append(_played(settings, runner, more))
    cohort, simulated = found
    assert {trial.state for trial in cohort.trials} == {"completed", "stopped"}
    same(cohort, simulated)
    assert [(d["trial"], d["step"], d["outcome"], d["rung"]) for d in cohort.decisions] == [
        (d["trial"], d["step"], d["outcome"], d["rung"]) for d in simulated.decisions
    ]


def _played(settings: ResolvedSettings, runner: Any, more: dict[str, Any]) -> History:
    from search.journal import MemoryJournal

    problem = settings.problem()
    sweep = PassiveSweep.begin(
        problem, settings.searcher(problem), settings.scheduler(problem), MemoryJournal()
    )
    runner.run(sweep, Work(plug=settings.plug, **more))
    return sweep.history


def test_a_lane_that_diverges_harms_no_other_and_refused_configs_train_beside_them(sweep_file: Path) -> None:
    sets = [
        "parameters.lr={values: [1e-3, 1e30]}",
        "parameters.optimizer={values: [sgd, lbfgs]}",
        "parameters.model.width={values: [8, 16]}",
        "points=[{lr: 1e-3, optimizer: sgd, model.width: 8, weight_decay: 1e-4},"
        " {lr: 1e30, optimizer: sgd, model.width: 8, weight_decay: 1e-4},"
        " {lr: 1e-3, optimizer: lbfgs, model.width: 16, weight_decay: 1e-4},"
        " {lr: 1e-3, optimizer: sgd, model.width: 16, weight_decay: 1e-4}]",
        "run_cap=4",
        "max_steps=2",
    ]
    lanes = run_inline(sweep_file, "lanes", *sets).history
    plain = run_inline(sweep_file, "plain", "lanes=null", *sets).history
    assert [trial.state for trial in lanes.trials] == ["completed", "failed", "completed", "completed"]
    failure = lanes.trials[1].failure
    assert failure is not None
    assert failure.kind == "bad metric"
    for number in (0, 2, 3):
        for result, other in zip(lanes.trials[number].results, plain.trials[number].results, strict=True):
            assert result.metrics["val/loss"] == pytest.approx(other.metrics["val/loss"], rel=TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("lanes", [True, False])
def test_struck_down_it_is_resumed_with_lanes_or_without(
    sweep_file: Path, tmp_path: Path, blow: signal.Signals, lanes: bool
) -> None:
    whole = run_inline(sweep_file, "whole")
    process = start("run", sweep_file, "--runner", "inline", "--set", "name=struck", cwd=tmp_path)
    struck = tmp_path / "runs" / "struck"
    wait_for_records(process, struck / "journal.jsonl", "result", 9)  # in the third step of the first four
    process.send_signal(blow)
    done = finish(process)
    if blow == signal.SIGINT:
        assert done.code == 130
        assert "tuneyard resume struck" in done.out + done.err
        trial = history_of(struck).trials[0]
        assert (struck / "trials" / trial.id / "checkpoints").is_dir()
    else:
        assert done.code == -signal.SIGKILL
    resume("struck", storage=tmp_path / "runs", runner="inline", lanes=None if lanes else 0)
    same(history_of(struck), whole.history)
