"""kill -9 of the driver, again and again: what was finished stays finished, and the end is that of an undisturbed run."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from search.history import History
from search.journal import read_journal

SWEEP = """
name: killed
trainable: chaos
method: {method}
metric: {{name: loss, goal: minimize}}
parameters:
  x: {{min: 0.0, max: 1.0}}
  delay: 0.02
  truth: {truth}
early_terminate: {{type: {scheduler}}}
max_steps: 9
run_cap: 40
workers: 1
storage: {storage}
seed: 11
"""


def driver(said: Path, *arguments: str) -> subprocess.Popen[bytes]:
    # A session of its own, so that one signal reaches the driver and nothing else.
    with said.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "tuneyard", *arguments],
            stdout=file,
            stderr=file,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )


def told(history: History) -> list[object]:
    return [
        (t.number, t.config["x"], t.state, t.reason, [(r.step, r.metrics["loss"]) for r in t.results])
        for t in history.trials
    ]


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def write_sweep(folder: Path, method: str, scheduler: str) -> Path:
    folder.mkdir()
    file = folder / "killed.yaml"
    text = SWEEP.format(
        method=method, scheduler=scheduler, truth=folder / "truth.jsonl", storage=folder / "runs"
    )
    file.write_text(text)
    return file


def steps_run(truth: Path) -> Counter[tuple[float, int]]:
    events = [json.loads(line) for line in truth.read_text().splitlines()]
    return Counter((e["x"], e["step"]) for e in events if e["event"] == "step")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("runner", "method", "scheduler", "kills"),
    [
        ("inline", "tpe", "asha, min_iter: 1", 20),
        pytest.param("ray", "tpe", "asha, min_iter: 1", 20, marks=pytest.mark.ray),
        ("inline", "hyperopt", "hyperband, min_iter: 1", 8),
        ("inline", "cmaes", "median", 8),
    ],
)
@pytest.mark.timeout(900)
def test_kill_minus_nine(tmp_path: Path, runner: str, method: str, scheduler: str, kills: int) -> None:
    seed = 5
    print(f"seed {seed}")
    draw = random.Random(seed)
    whole = write_sweep(tmp_path / "whole", method, scheduler)
    said = tmp_path / "said.txt"
    undisturbed = driver(said, "run", str(whole), "--runner", "inline")
    assert undisturbed.wait(120) == 0, said.read_text()
    expected = History.from_records(read_journal(tmp_path / "whole" / "runs" / "killed" / "journal.jsonl"))

    file = write_sweep(tmp_path / "often", method, scheduler)
    root, truth = tmp_path / "often" / "runs" / "killed", tmp_path / "often" / "truth.jsonl"
    journal = root / "journal.jsonl"
    killed = 0
    finished: dict[int, object] = {}
    run_before: Counter[tuple[float, int]] = Counter()
    while True:
        begun = lines(journal) > 1
        process = (
            driver(said, "resume", str(root)) if begun else driver(said, "run", str(file), "--runner", runner)
        )
        # The records of a resume itself come at once; the sweep has about 330, so that 20 kills fall all over it.
        target = lines(journal) + 1 + draw.randrange(1, 18) if killed < kills else None
        while process.poll() is None and (target is None or lines(journal) < target):
            time.sleep(0.001)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
        else:
            assert process.returncode == 0, said.read_text()
        history = History.from_records(read_journal(journal))
        for number, as_told in finished.items():
            assert told(history)[number] == as_told, f"t{number:05d} was finished, and changed"
        run_now = steps_run(truth) if truth.exists() else Counter()
        for number in finished:
            x = history.trials[number].config["x"]
            again = {step: run_now[(x, step)] - run_before[(x, step)] for _, step in run_now if _ == x}
            assert not any(again.values()), f"t{number:05d} was finished, and ran again: {again}"
        finished = {t.number: told(history)[t.number] for t in history.trials if not t.open}
        run_before = run_now
        if history.finished:
            break
    assert killed == kills
    assert told(history) == told(expected)
    twice = sum(count - 1 for count in steps_run(truth).values())
    print(f"{killed} kills: {twice} of {history.steps_total} steps were run twice, no finished trial again")
    assert twice <= killed, "one worker, so a kill may cost one step"
