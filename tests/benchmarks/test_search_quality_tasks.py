"""The comparison on a folder of tasks: ours and a peer in one queue, and what is there is not run again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

DEVTASKS = """
class Task:
    max_epoch, const = 27, {"best": 0.0, "best_any_epoch": 0.0, "median": 1.0}
    space = [
        {"name": "x", "type": "float", "low": 0.0, "high": 1.0, "log": False, "cond": None},
        {"name": "kind", "type": "cat", "choices": ["a", "b"], "cond": None},
        {"name": "n", "type": "int", "low": 1, "high": 64, "log": True, "cond": ("kind", ["b"])},
    ]
    def curve(self, config):
        height = (config["x"] - 0.3) ** 2 + (0.5 if config["kind"] == "a" else abs(config["n"] - 8) / 64)
        return [height + 1 / step for step in range(1, 28)]
    def __call__(self, config): return self.curve(config)[-1]
    def cost(self, config): return 1.0
    def regret(self, value): return value

SUITE_FULL = SUITE_MF = ["bowl"]
def get_task(name): return Task()
"""
SAMPLERS = """
class Fixed:
    def __init__(self, task, seed): pass
    def ask(self): return {"x": 0.5, "kind": "a"}
    def tell(self, config, value): pass

SAMPLERS = {"fixed": Fixed}
"""
SIMULATE = """
class Trial:
    def __init__(self, config, x=None): self.config, self.x, self.epoch = config, x, 0

class Fixed:
    def __init__(self, task, seed): pass
    def next(self): return Trial({"x": 0.5, "kind": "a"})
    def report(self, trial, epoch, value): return "go"

ALGOS = {"fixed": Fixed}

def run(task, algo, budget, checkpoints, workers):
    best, found, running, total, trials = float("inf"), [], [], 0, 0
    while total < budget:
        while len(running) < workers:
            running.append(algo.next())
        trial = running.pop(0)
        trials += trial.epoch == 0
        trial.epoch += 1
        total += 1
        value = task.curve(trial.config)[trial.epoch - 1]
        best = min(best, value)
        if algo.report(trial, trial.epoch, value) == "go" and trial.epoch < task.max_epoch:
            running.append(trial)
        found += [{"obs": best, "obs_wall": best, "trials": trials} for mark in checkpoints if mark == total]
    return found
"""


def _run(folder: Path, *more: str) -> tuple[str, list[dict[str, Any]]]:
    out = folder / "out.jsonl"
    command = [
        sys.executable,
        "benchmarks/search_quality_tasks.py",
        "--tasks",
        str(folder),
        "--out",
        str(out),
        *more,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=_environment())
    return done.stdout, [json.loads(line) for line in out.read_text().splitlines()]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_ours_and_a_peer_are_told_side_by_side(tmp_path: Path) -> None:
    for name, text in (("devtasks", DEVTASKS), ("samplers", SAMPLERS), ("simulate", SIMULATE)):
        (tmp_path / f"{name}.py").write_text(text)
    shown, rows = _run(tmp_path, "--methods", "auto", "fixed", "--seeds", "1", "--budget", "10")
    regret = {row["method"]: row["regret"]["10"] for row in rows}
    assert regret["auto"] < regret["fixed"]
    assert "auto" in shown
    _, again = _run(tmp_path, "--methods", "auto", "fixed", "--seeds", "1", "--budget", "10")
    assert again == rows
    _, whole = _run(tmp_path, "--whole", "--trials", "25", "--methods", "auto", "fixed", "--seeds", "1")
    ours, theirs = (row["regret"]["25"] for row in whole[len(rows) :])
    assert ours < theirs
