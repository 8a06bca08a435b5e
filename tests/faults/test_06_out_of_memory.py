"""Row 6, a trial takes more memory than it may: it fails for that reason, and the others finish."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import psutil
import pytest

from contracts.measured import Measured
from contracts.ray_cases import Case
from search.resources import Resources
from search.runners.ray_tune import RayTuneRunner

SEED = 3
LIMIT = 700 * 2**20

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_it_fails_alone(tmp_path: Path, local_ray: Any, measured: Measured) -> None:
    options = {"mode": "memory", "at": 3, "below": 0.3, "memory_mb": 1500}
    case = Case(
        tmp_path,
        "chaos",
        {"x": {"values": [0.1, 0.5, 0.2, 0.9]}, **options},
        method="grid",
        max_steps=4,
        trials=4,
        seed=SEED,
    )
    history = case.run(RayTuneRunner(), workers=2, resources=Resources(memory=LIMIT))
    greedy = [trial for trial in history.trials if trial.config["x"] < 0.3]
    measured(6, "1.5 GB in a trial that may have 700 MiB", tries=2, lost_steps=0, lost_trials=0, seed=SEED)
    assert {t.state for t in history.trials if t not in greedy} == {"completed"}
    for trial in greedy:
        assert trial.failure is not None
        assert trial.failure.kind == "out of memory"
        assert trial.failure.message.startswith("it held ")
        assert trial.failure.message.endswith("and resources.memory is 700 MiB")
        assert [result.step for result in trial.results] == [1, 2]
        with contextlib.suppress(psutil.NoSuchProcess):  # its process goes, and its memory with it
            psutil.Process(trial.attempts[-1].pid).wait(60)
