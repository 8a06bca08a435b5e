"""Row 3, a metric that is none: its trial fails, the sweep completes, under every scheduler."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contracts.kills import Killed
from contracts.measured import Measured
from contracts.truth import Truth
from search.api import Sweep
from search.history import History
from search.runners.ray_tune import RAY_SCHEDULERS
from search.schedulers import SCHEDULERS

SEED = 11
MODES = ["none", "nan", "inf", "string", "missing"]
EACH = 3
OPTIONS = {"x": {"values": [0.1, 0.5, 0.9]}, "mode": {"values": MODES}, "at": 1}
CHANGES: dict[str, Any] = {
    "method": "grid",
    "run_cap": EACH * len(MODES),
    "max_steps": 3,
    "failure": {"stop_after": None},
}


def scheduled(scheduler: str) -> dict[str, Any]:
    options = {"min_iter": 1} if scheduler in ("asha", "hyperband") else {}
    return {"early_terminate": {"type": scheduler, **options}}


def check(history: History, truth: Truth) -> int:
    """That those and only those failed; returns the steps that were lost."""
    ended = Counter((trial.config["mode"], trial.state) for trial in history.trials)
    assert {mode for mode, state in ended if state == "failed"} == set(MODES[1:]), ended
    assert {state for mode, state in ended if mode != "none"} == {"failed"}
    assert {state for mode, state in ended if mode == "none"} <= {"completed", "stopped"}
    if all(
        trial.parent is None for trial in history.trials
    ):  # a population copies in place of asking for all of the grid
        assert Counter(trial.config["mode"] for trial in history.trials) == dict.fromkeys(MODES, EACH)
    for trial in history.trials:
        if trial.failure is not None:
            assert trial.failure.kind == "bad metric"
            assert "loss" in trial.failure.message
    assert history.finished
    assert history.best is not None
    assert history.best.config["mode"] == "none"
    return truth.check(history)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_one_trial_at_a_time(tmp_path: Path, measured: Measured, scheduler: str) -> None:
    sweep = Killed(tmp_path / "run", {**CHANGES, **scheduled(scheduler)}, OPTIONS)
    history = sweep.finish(code=3)
    lost = check(history, Truth.read(sweep.truth))
    tries = sum(trial.failure is not None for trial in history.trials)
    measured(
        3, f"NaN, inf, text, missing: {scheduler}", tries=tries, lost_steps=lost, lost_trials=0, seed=SEED
    )


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["asha", *(f"ray/{name}" for name in RAY_SCHEDULERS)])
def test_on_ray(tmp_path: Path, local_ray: Any, measured: Measured, scheduler: str) -> None:
    truth = tmp_path / "truth.jsonl"
    run = Sweep(
        "chaos",
        name="bad",
        parameters={**OPTIONS, "truth": str(truth)},
        metric={"name": "loss", "goal": "minimize"},
        workers=2,
        seed=SEED,
        storage=str(tmp_path / "runs"),
        **CHANGES,
        **scheduled(scheduler),
    ).run()
    lost = check(run.history, Truth.read(truth))
    tries = EACH * len(MODES[1:])
    fault = f"NaN, inf, text, missing: {scheduler} on Ray"
    measured(3, fault, tries=tries, lost_steps=lost, lost_trials=0, seed=SEED)
