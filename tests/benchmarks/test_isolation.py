"""Isolation says what is true in simulated sweeps, on a small scale; `make bench` measures it in full."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_few_sweeps_keep_the_limits() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/isolation.py", "--quick"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "coverage: " in done.stdout


def test_the_kept_figures_keep_the_limits() -> None:
    figures = json.loads((ROOT / "benchmarks" / "results" / "isolation.json").read_text())
    rows, summary = figures["rows"], figures["summary"]
    assert summary["false_alarm"] <= 0.05
    assert summary["wrong"] <= 0.05
    assert summary["coverage"] >= 0.92
    assert {(row["case"], row["method"]) for row in rows} == {
        (case, method) for case in ("shared", "own") for method in ("random", "sobol", "tpe")
    }
    for method in ("random", "sobol", "tpe"):
        alike = [row for row in rows if row["method"] == method and not row["distance"]]
        assert sum(row["accused"] for row in alike) <= 0.05 * sum(row["sweeps"] for row in alike), method
    assert all(row["sweeps"] >= 60 for row in rows)
