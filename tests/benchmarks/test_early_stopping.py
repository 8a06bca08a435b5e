"""The claim about early stopping holds on a small scale; `make bench` measures it in full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_asha_needs_a_third_of_the_epochs_at_most() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/early_stopping.py", "--quick"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "with <= 1/3 of its epochs: yes" in done.stdout
