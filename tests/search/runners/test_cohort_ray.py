"""Cohorts on a real local Ray: killed workers and a killed driver, and what comes out is what ordinary trials give."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from contracts.command_line import PATIENCE, finish, start, wait_for_records
from search.api import Sweep
from search.history import History
from search.journal import iterate_journal

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]  # three starts of Ray
pytest.importorskip("torch", reason="lanes are stacks of torch tensors")

SWEEP = """trainable: mlp
data: digits
method: random
early_terminate: none
max_steps: 6
parameters:
  lr: {min: 1e-4, max: 1e-2, log: true}
  dropout: 0
  optimizer: {values: [adam, rmsprop, sgd, lbfgs]}
  batch_size: 512
  model: {width: 8, depth: 1}
run_cap: 14
checkpoint: {every: 2}
lanes: {width: 4, queue: 8}
workers: 2
"""


def history_of(folder: Path) -> History:
    return History.from_records(iterate_journal(folder / "journal.jsonl"))


def wait_for_another_start(process: subprocess.Popen[str], journal: Path) -> None:
    """Until a trial that had been started is started again."""
    deadline = time.monotonic() + PATIENCE
    while b'"attempt":2' not in journal.read_bytes():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "nothing is started again"
        time.sleep(0.1)


def test_killed_workers_and_a_killed_driver_change_no_result(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(SWEEP)
    process = start("run", file, "--set", "name=struck", cwd=tmp_path)
    struck = tmp_path / "runs" / "struck"
    wait_for_records(process, struck / "journal.jsonl", "result", 8)
    first = history_of(struck)
    pids = {attempt.pid for trial in first.running for attempt in trial.attempts}
    assert len(pids) == 2  # cohorts spread over the workers
    os.kill(pids.pop(), signal.SIGKILL)
    wait_for_another_start(process, struck / "journal.jsonl")
    process.kill()
    finish(process)
    taken_apart = history_of(struck)
    again = [trial for trial in taken_apart.trials if len(trial.attempts) > 1]
    assert again  # those whose worker died
    assert all(attempt.after is None for trial in again for attempt in trial.attempts)
    assert taken_apart.failed_total == 0

    done = finish(start("resume", "struck", "--json", cwd=tmp_path))
    assert done.code == 0, done.err
    assert done.json["trials"] == {
        "total": 14,
        "completed": 14,
        "stopped": 0,
        "failed": 0,
        "running": 0,
    }
    whole = Sweep.from_file(file, ["name=whole", f"storage={tmp_path / 'runs'}"], runner="inline").run()
    for trial, other in zip(history_of(struck).trials, whole.history.trials, strict=True):
        assert (trial.config, trial.seed, trial.steps) == (other.config, other.seed, 6)
        for result, reported in zip(trial.results, other.results, strict=True):
            assert result.metrics["val/loss"] == pytest.approx(reported.metrics["val/loss"], rel=5e-3)
