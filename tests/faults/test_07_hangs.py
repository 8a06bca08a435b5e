"""Row 7, a step hangs: its process is killed, the trial tried once more, and then it has failed for that reason."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import psutil
import pytest

from contracts.measured import Measured
from contracts.ray_cases import Case
from contracts.truth import Truth
from search.problem import FailurePolicy
from search.runners.ray_tune import RayTuneRunner

SEED = 3
LIMIT = 6.0  # seconds; the first step of a process imports what it trains, on a busy machine

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_it_is_killed_and_tried_once_more(tmp_path: Path, local_ray: Any, measured: Measured) -> None:
    truth = tmp_path / "truth.jsonl"
    options = {"mode": "hang", "at": 3, "below": 0.3, "truth": str(truth)}
    case = Case(
        tmp_path,
        "chaos",
        {"x": {"values": [0.1, 0.5, 0.9]}, **options},
        method="grid",
        max_steps=4,
        trials=3,
        failure=FailurePolicy(retries=1, stop_after=None, step_timeout=LIMIT),
        seed=SEED,
    )
    history = case.run(RayTuneRunner(), workers=2)
    lost = Truth.read(truth).check(history)
    measured(7, f"hangs in step 3, limit {LIMIT:g} s", tries=2, lost_steps=lost, lost_trials=0, seed=SEED)
    hanging, *others = history.trials
    assert [trial.state for trial in others] == ["completed"] * 2
    assert hanging.failure is not None
    assert (hanging.failure.kind, hanging.failure.message) == (
        "timeout",
        f"step 3 took longer than {LIMIT:g} s",
    )
    assert [a.after and a.after.kind for a in hanging.attempts] == [None, "timeout"]
    assert [a.from_step for a in hanging.attempts] == [0, 2], "no step was run twice"
    for attempt in hanging.attempts:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(attempt.pid).wait(60)
    assert lost == 0
