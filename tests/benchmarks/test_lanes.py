"""The contenders run as they are described, on a small scale; `python benchmarks/lanes.py` measures them in full."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="lanes are stacks of torch tensors")

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_all_contenders_in_process_train_the_same_network() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/lanes.py", "--quick"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = json.loads(done.stdout[done.stdout.index("[\n") :])
    assert [line["contender"] for line in lines] == ["lanes-inline", "plain-inline", "optuna"]
    for line in lines:
        assert line["rate"] > 0
        assert line["processor_per_trial"] > 0
        assert 0.8 < line["best"] <= 1
    assert lines[0]["lanes_are_faster_by"] == lines[0]["lanes_take_less_by"] == 1.0
