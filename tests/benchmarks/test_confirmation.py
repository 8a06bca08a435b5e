"""What a confirmation promises holds in simulated searches, on a small scale; `make bench` measures it in full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_intervals_cover_and_racing_keeps_its_error_rate() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/confirmation.py", "--quick"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("%") >= 6 * 5
