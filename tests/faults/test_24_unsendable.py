"""Row 24, what cannot be sent or kept: a config, a trainable, 50 MB of result. Refused before Ray starts, or that trial only."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from contracts.command_line import tuneyard
from contracts.measured import Measured
from contracts.watched import watch, watched
from search.api import Sweep
from search.errors import SettingsError
from search.history import History
from search.journal import read_journal
from search.runners.ray_tune.sending import sendable
from trainables.plug import resolve

SEED = 24
LARGE = 50 * 2**20

HUGE = f"""
    import numpy as np

    LARGE = {LARGE}


    def train(config):
        for step in (1, 2, 3):
            result = {{"loss": config["x"] / step}}
            if step == 2:
                match config["kind"]:
                    case "text":
                        result["note"] = "x" * LARGE
                    case "array":
                        result["weights"] = np.zeros(LARGE // 8)
                    case "nested":
                        result["all"] = [list(range(1000))] * 1000
                    case "names":
                        result |= {{f"m{{i}}": i for i in range(200_000)}}
                    case "name":
                        result["x" * LARGE] = 1.0
                    case "objective":
                        result["loss"] = "x" * LARGE
                    case "exception":
                        raise ValueError("x" * LARGE)
                    case "object":
                        result["loss"] = object()
            yield result
"""
KINDS = ["none", "text", "array", "nested", "names", "name", "objective", "exception", "object"]
FAILING = {"objective", "exception", "object"}
SWEEP = {
    "trainable": "train.py:train",
    "metric": "loss",
    "method": "grid",
    "max_steps": 3,
    "parameters": {"x": 1.0, "kind": {"values": KINDS}},
}


@pytest.mark.parametrize(
    "value",
    [threading.Lock(), lambda: 1, object(), b"bytes", {1, 2}, 1j, float("nan"), {"values": [object()]}],
    ids=lambda value: type(value).__name__,
)
def test_a_config_that_no_journal_can_hold_is_refused(value: Any, measured: Measured) -> None:
    """Before anything is made: there is no run directory afterwards."""
    with pytest.raises(SettingsError, match="x"):
        Sweep("sphere", parameters={"x": value}, metric="value", run_cap=1, name="odd").run(runner="inline")
    assert not Path("runs").exists()
    measured(24, "a config that is no JSON", tries=1, lost_steps=0, lost_trials=0, seed=SEED)


def test_a_trainable_that_cannot_be_sent_is_refused_before_ray_starts(
    tmp_path: Path, measured: Measured
) -> None:
    script = """
        import threading

        from search.api import Sweep
        from search.errors import RunnerError


        def make():
            lock = threading.Lock()

            def train(config):
                with lock:
                    yield {"loss": config["x"]}

            return train


        try:
            Sweep(make(), parameters={"x": {"min": 0.0, "max": 1.0}}, metric="loss", run_cap=1, name="odd").run()
        except RunnerError as error:
            print(error)
    """
    (tmp_path / "script.py").write_text(dedent(script))
    env = watch(tmp_path / "watch")
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**_environment(), **env},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert "cannot be sent to the workers: TypeError: cannot pickle '_thread.lock' object" in done.stdout, (
        done.stderr
    )
    assert "--runner inline" in done.stdout
    started = [event for event in watched(tmp_path / "watch") if event.kind == "subprocess.Popen"]
    assert not [event for event in started if "gcs_server" in str(event.what) or "raylet" in str(event.what)]
    assert not (tmp_path / "runs" / "odd").exists()
    measured(24, "a trainable that holds a lock", tries=1, lost_steps=0, lost_trials=0, seed=SEED)


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONWARNINGS": "ignore"}


def test_what_every_worker_can_import_is_not_pickled(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(dedent(HUGE))
    plug = resolve("train.py:train", tmp_path)
    assert sendable(plug, remote=False) is None
    assert sendable(resolve("sphere"), remote=True) is None


def check(history: History, root: Path) -> None:
    """That the failing kinds failed, alone; and that nothing large was kept."""
    states = {trial.config["kind"]: trial.state for trial in history.trials}
    assert states == {kind: "failed" if kind in FAILING else "completed" for kind in KINDS}
    for trial in history.trials:
        assert trial.failure is None or len(trial.failure.message) < 400
        assert trial.steps == (1 if trial.config["kind"] == "exception" else 2 if trial.failure else 3)
    sizes = {path: path.stat().st_size for path in root.rglob("*") if path.is_file()}
    assert max(sizes.values()) < 8 * 2**20, max(sizes, key=lambda path: sizes[path])
    assert (root / "journal.jsonl").stat().st_size < 2**20


@pytest.mark.parametrize(
    "runner",
    ["inline", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)])],
)
def test_fifty_megabytes_of_result_are_that_trials_affair(
    tmp_path: Path, measured: Measured, runner: str
) -> None:
    (tmp_path / "train.py").write_text(dedent(HUGE))
    (tmp_path / "sweep.yaml").write_text(json.dumps(SWEEP))
    done = tuneyard("run", "sweep.yaml", "--runner", runner, cwd=tmp_path)
    assert done.code == 3, done.err
    assert len(done.out) + len(done.err) < 20_000
    root = tmp_path / "runs" / "sweep"
    check(History.from_records(read_journal(root / "journal.jsonl")), root)
    fault = f"50 MB of result, {runner} runner"
    measured(24, fault, tries=len(KINDS) - 1, lost_steps=0, lost_trials=0, seed=SEED)
