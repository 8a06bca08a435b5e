"""Row 10, the driver is killed under a scheduler that compares trials: its rungs and decisions are as if undisturbed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from contracts.kills import Killed, told
from contracts.measured import Measured
from search.history import History

SEED = 10


def decisions(history: History) -> list[Any]:
    """All that was decided, with the rung at which it was."""
    return sorted(
        (d["trial"], d["step"], d["outcome"] or "", d["reason"], d["rung"]) for d in history.decisions
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("runner", "method", "scheduler", "kills"),
    [
        ("inline", "tpe", "asha", 20),
        ("inline", "random", "hyperband", 10),
        ("inline", "sobol", "median", 5),
        pytest.param("ray", "tpe", "asha", 8, marks=[pytest.mark.ray, pytest.mark.timeout(600)]),
    ],
)
def test_rungs_and_decisions(
    tmp_path: Path, measured: Measured, runner: str, method: str, scheduler: str, kills: int
) -> None:
    stopping = {"type": scheduler, **({"min_iter": 1} if scheduler != "median" else {})}
    changes = {"method": method, "early_terminate": stopping, "run_cap": 36}
    expected = Killed(tmp_path / "whole", changes).finish()
    assert any(decision["rung"] for decision in expected.decisions) or scheduler == "median"
    often = Killed(tmp_path / "often", changes, {"delay": 0.004}, ("--runner", runner))
    history = often.kill_often(random.Random(SEED), kills, within=14)
    often.measure(
        measured,
        10,
        f"driver SIGKILL, {scheduler} over {method}{', on Ray' if runner == 'ray' else ''}",
        SEED,
    )
    assert decisions(history) == decisions(expected)
    assert told(history) == told(expected)
    assert often.lost_trials == 0
    assert often.lost_steps() <= kills
