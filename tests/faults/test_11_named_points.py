"""Row 11, a kill at a named point of the code: afterwards as many trials are asked for and closed as the sweep has."""

from __future__ import annotations

import random
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from contracts.drivers import Driver
from contracts.kills import Killed, told
from contracts.measured import Measured
from contracts.points import POINTS, strike
from search.journal import read_journal

SEED = 7
TRIALS = 60
CHANGES = {
    "method": "tpe",
    "early_terminate": {"type": "asha", "min_iter": 1},
    "run_cap": TRIALS,
    "failure": {"retries": 1, "stop_after": None},
}
FAILING = {
    "mode": "raise",
    "at": 3,
    "below": 0.1,
}  # a failure's traceback is a file that is renamed into place


@pytest.mark.slow
def test_struck_at_every_point(tmp_path: Path, measured: Measured) -> None:
    expected = Killed(tmp_path / "whole", CHANGES, FAILING).finish(code=3)
    sweep = Killed(tmp_path / "struck", CHANGES, FAILING)
    assert sweep.kill_after(3)
    chance = random.Random(SEED)
    points = [*POINTS, *POINTS]
    chance.shuffle(points)
    for point in points:
        driver = sweep.drive(prepare=partial(strike, point, chance.randint(1, 3)))
        assert driver.wait() == -signal.SIGKILL, f"{point}: {driver.said}"
        sweep.killed()
    history = sweep.finish(code=3)
    measured(
        11,
        f"SIGKILL at {len(POINTS)} named points, twice each",
        tries=len(points),
        lost_steps=sweep.lost_steps(),
        lost_trials=sweep.lost_trials,
        seed=SEED,
    )
    counted = Counter((record["type"], record.get("trial")) for record in read_journal(sweep.paths.journal))
    for number in range(TRIALS):
        assert counted["ask", number] == counted["close", number] == 1
    assert len(history.trials) == TRIALS
    assert told(history) == told(expected)
    assert sweep.lost_trials == 0


@pytest.mark.parametrize("point", ["before a file is renamed", "before appending", "half appended"])
def test_struck_before_it_began_it_is_refused_with_what_to_do(tmp_path: Path, point: str) -> None:
    sweep = Killed(tmp_path / "struck")
    assert sweep.drive(prepare=partial(strike, point, 1)).wait() == -signal.SIGKILL
    resumed = Driver("resume", sweep.paths.root, said=sweep.said, cwd=tmp_path)
    assert resumed.wait() == 5
    assert "killed before it began. Delete it and run again" in resumed.said
    again = Driver("run", sweep.file, "--runner", "inline", said=sweep.said, cwd=tmp_path)
    assert again.wait() == 0, again.said
    assert (sweep.paths.root.parent / "killed-2").is_dir()
