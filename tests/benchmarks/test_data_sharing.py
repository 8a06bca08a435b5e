"""The benchmark of shared data runs, on a small table; memory is compared in full size only, by `results/`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.ray
def test_it_measures_both() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/data_sharing.py", "--quick"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    median = json.loads(done.stdout[done.stdout.index("{\n") :])
    assert set(median) == {"Alone", "Shared"}
    assert all(each["peak_pss_mib"] > 0 for each in median.values())


def test_the_kept_figures_show_what_sharing_saves() -> None:
    figures = json.loads((ROOT / "benchmarks" / "results" / "data_sharing.json").read_text())
    alone, shared = figures["median"]["Alone"], figures["median"]["Shared"]
    assert figures["trials"] == 16
    saved = alone["peak_pss_mib"] - shared["peak_pss_mib"]
    assert saved > (figures["workers"] - 1) * figures["source_mib"] * 0.9  # a copy for each worker but one
