"""Row 12, a kill during resume, five times running: progress never goes back, and it ends."""

from __future__ import annotations

import random
import signal
from functools import partial
from pathlib import Path

import pytest

from contracts.kills import Killed, told
from contracts.measured import Measured
from contracts.points import RESUMING, strike

SEED = 12
TIMES = 5
CHANGES = {"method": "tpe", "run_cap": 20}


def progress(sweep: Killed) -> tuple[int, int, int]:
    """Trials asked for and closed, and steps reported."""
    history = sweep.history
    return len(history.trials), sum(not trial.open for trial in history.trials), history.steps_total


def get_on(sweep: Killed, chance: random.Random) -> None:
    """Let a driver work, and kill it amid a trial."""
    while not sweep.kills or not any(1 < trial.steps < 9 for trial in sweep.history.running):
        assert sweep.kill_after(chance.randint(10, 18))


@pytest.mark.slow
def test_it_is_resumed_all_the_same(tmp_path: Path, measured: Measured) -> None:
    expected = Killed(tmp_path / "whole", CHANGES).finish()
    sweep = Killed(tmp_path / "killed", CHANGES, {"delay": 0.002})
    chance = random.Random(SEED)
    for point in RESUMING:
        get_on(sweep, chance)
        for _ in range(TIMES):
            stood = progress(sweep)
            first = point in ("half appended", "going on from a checkpoint", "replayed")
            driver = sweep.drive(prepare=partial(strike, point, 1 if first else chance.randint(1, 2)))
            assert driver.wait() == -signal.SIGKILL, f"{point}: {driver.said}"
            sweep.killed()
            assert progress(sweep) >= stood
    history = sweep.finish()
    measured(
        12,
        f"SIGKILL at {len(RESUMING)} points of a resume, {TIMES} times running each",
        tries=sweep.kills,
        lost_steps=sweep.lost_steps(),
        lost_trials=sweep.lost_trials,
        seed=SEED,
    )
    assert told(history) == told(expected)
    assert sweep.lost_trials == 0
