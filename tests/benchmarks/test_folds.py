"""The intervals over folds hold what they are of, on a small scale; `make bench` measures it in full."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_corrected_intervals_cover_and_plain_ones_do_not() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/folds.py", "--quick"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("corrected") == 9


def test_the_kept_figures_are_those_that_are_told() -> None:
    kept = json.loads((ROOT / "benchmarks" / "results" / "folds.json").read_text())
    kinds = [
        found
        for line in kept["lines"]
        for kind in ("learners", "differences")
        for found in line[kind].values()
    ]
    assert len(kinds) == 5 * 7
    assert min(found["corrected"] for found in kinds) >= 0.92
    assert min(found["plain"] for found in kinds) < 0.92
    told = (ROOT / "docs" / "decisions" / "folds.md").read_text()
    for line in kept["lines"]:
        worst = min(found["corrected"] for found in line["learners"].values())
        assert f"| {line['rows']} | {line['folds']} | {worst:.1%} ".replace("%", " %") in told
