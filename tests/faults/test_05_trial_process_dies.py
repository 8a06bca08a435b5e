"""Row 5, a trial's process leaves by os._exit or is killed: it goes on from its checkpoint, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.measured import Measured
from contracts.ray_cases import Case
from contracts.truth import Truth
from search.problem import FailurePolicy
from search.runners.ray_tune import RayTuneRunner

SEED = 3
AT, TRIALS = 6, 2

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.mark.parametrize(("mode", "every"), [("exit", 1), ("sigkill", 4)])
def test_one_checkpoint_interval_is_lost_at_most(
    tmp_path: Path, local_ray: Any, measured: Measured, mode: str, every: int
) -> None:
    truth = tmp_path / "truth.jsonl"
    options = {"mode": mode, "at": AT, "once": str(tmp_path / "once"), "truth": str(truth)}
    case = Case(
        tmp_path,
        "chaos",
        {"x": {"min": 0.0, "max": 1.0}, **options},
        max_steps=8,
        trials=TRIALS,
        failure=FailurePolicy(retries=1, stop_after=None),
        seed=SEED,
    )
    history = case.run(RayTuneRunner(), workers=2, checkpoint_every=every)
    ran = Truth.read(truth)
    lost = sum(ran.twice().values())
    measured(
        5,
        f"trial ended by {mode}, a checkpoint every {every} steps",
        tries=TRIALS,
        lost_steps=lost,
        lost_trials=0,
        seed=SEED,
    )
    checkpoint = (AT - 1) // every * every
    assert lost == TRIALS * (AT - 1 - checkpoint)
    assert ran.check(history, lost_per_kill=every) == lost
    for trial in history.trials:
        assert trial.state == "completed"
        assert [result.metrics["loss"] for result in trial.results] == [
            trial.config["x"] + 1 / step for step in range(1, 9)
        ]
        assert [a.after and a.after.kind for a in trial.attempts] == [None, "exited"]
        assert [a.from_step for a in trial.attempts] == [0, checkpoint]
        assert len({a.pid for a in trial.attempts}) == 2
