"""The claim about the Bayesian methods holds on a small scale; `make bench` measures it in full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_tpe_and_hyperopt_beat_random_search_on_both_small_functions() -> None:
    methods = ["--methods", "random", "tpe", "hyperopt"]
    done = subprocess.run(
        [sys.executable, "benchmarks/search_quality.py", "--quick", *methods],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for method in methods[2:]:
        assert f"{method}: better than random on 2 of 2" in done.stdout
