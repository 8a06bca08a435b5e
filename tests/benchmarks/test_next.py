"""A second round by `next` is worth it where something was wrong; `make bench` measures it in full."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_few_seeds_of_two_cases() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/next.py", "--quick"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as claimed" in done.stdout


def test_the_kept_figures_are_those_that_are_claimed() -> None:
    cases = json.loads((ROOT / "benchmarks" / "results" / "next.json").read_text())["cases"]
    assert sum(case["fault"] for case in cases) >= 8
    assert all(case["seeds"] >= 24 for case in cases)
    for case in cases:
        assert (
            case["interval"][1] < 1 if case["fault"] and case["proposed"] == 1 else case["interval"][0] <= 1
        ), case["case"]
    page = (ROOT / "docs" / "decisions" / "next.md").read_text()
    for case in cases:
        low, high = case["interval"]
        assert f"{case['ratio']:.2f} ({low:.2f} to {high:.2f})" in page, case["case"]
