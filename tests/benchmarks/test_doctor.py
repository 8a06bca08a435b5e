"""The doctor's checks find what is planted and leave sound sweeps alone; `make bench` measures it in full."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from search.analysis.checks import CHECKS

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_few_sweeps_of_every_case_keep_the_limits() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/doctor.py", "--quick"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for check in CHECKS:
        assert f"\n{check}: " in done.stdout
        assert f"{check}: not measured" not in done.stdout


def test_the_kept_figures_keep_the_limits() -> None:
    figures = json.loads((ROOT / "benchmarks" / "results" / "doctor.json").read_text())
    for check, found in figures["summary"].items():
        assert found["detection"] is None or found["detection"]["share"] >= 0.8, check
        assert found["false_alarm"] is None or found["false_alarm"]["share"] <= 0.05, check
    assert all(row["sweeps"] >= 40 for row in figures["rows"])
    assert set(figures["summary"]) <= set(CHECKS)


def test_the_kept_estimates_of_the_audit_agree_with_the_truth() -> None:
    found = json.loads((ROOT / "benchmarks" / "results" / "doctor.json").read_text())["audit"]
    every = found["all"]
    assert every["intervals"] >= 300
    assert every["covers"] >= 0.95
    assert abs(every["share"] - every["true"]) < 0.02
    assert abs(every["chance"] - every["killed_where_told"]) < 0.1
    said = [row["killed"] for row in found["reliability"]]
    assert said == sorted(said)
    for row in found["reliability"]:
        if row["to"] <= 0.5:  # above, it may err to the high side
            assert abs(row["chance"] - row["killed"]) < 0.1
        else:
            assert row["killed"] < row["chance"] + 0.1
