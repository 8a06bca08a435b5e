"""Row 8, the driver is killed: no finished trial runs again, an id keeps its config, a running trial repeats one step."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from contracts.kills import Killed, told
from contracts.measured import Measured

SEED = 5
GRID = {"values": [number / 12 for number in range(12)]}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "x", "kills"),
    [("random", {"min": 0.0, "max": 1.0}, 20), ("grid", GRID, 12)],
    ids=["random", "grid"],
)
def test_in_this_process(
    tmp_path: Path, measured: Measured, method: str, x: dict[str, Any], kills: int
) -> None:
    changes, options = {"method": method}, {"x": x, "delay": 0.004}
    expected = Killed(tmp_path / "whole", changes, options).finish()
    often = Killed(tmp_path / "often", changes, options)
    history = often.kill_often(random.Random(SEED), kills, within=11)
    often.measure(measured, 8, f"driver SIGKILL, {method}, one trial at a time", SEED)
    assert told(history) == told(expected)
    assert often.lost_trials == 0
    assert often.lost_steps() <= kills, "one trial at a time, so a kill may cost one step"


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_on_ray_with_two_trials_at_a_time(tmp_path: Path, measured: Measured) -> None:
    kills = 4
    often = Killed(tmp_path / "often", {"workers": 2, "run_cap": 8}, {"delay": 0.05}, ("--runner", "ray"))
    history = often.kill_often(random.Random(SEED), kills, within=20)
    often.measure(measured, 8, "driver SIGKILL, random, two trials at a time on Ray", SEED)
    assert [trial.state for trial in history.trials] == ["completed"] * 8
    assert often.lost_trials == 0
    assert often.lost_steps() <= 2 * kills, "two running trials, so a kill may cost two steps"
