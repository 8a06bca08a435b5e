"""Row 15, the head of the cluster is killed: the driver goes, saying how to go on, and the resume is exact."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil
import pytest

from contracts.drivers import Driver, lines
from contracts.kills import Killed, told
from contracts.measured import Measured

SEED = 11

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]


def kill_head(driver: Driver) -> None:
    for process in psutil.Process(driver.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() == "gcs_server":
                process.kill()
                return
    raise AssertionError("no head")


def test_the_driver_goes_and_a_resume_is_exact(tmp_path: Path, measured: Measured) -> None:
    changes = {"run_cap": 4, "method": "tpe", "max_steps": 12}
    expected = Killed(tmp_path / "whole", changes, {"delay": 0.0}).finish()
    struck = Killed(tmp_path / "struck", changes, {"delay": 0.3}, ("--runner", "ray"))
    driver = struck.drive()
    assert driver.wait_for_lines(struck.paths.journal, 20), driver.said
    kill_head(driver)
    assert driver.wait() == 1
    struck.killed()
    closed = lines(struck.paths.journal)
    assert not struck.history.finished
    last = driver.said.splitlines()[-2:]
    assert "the head of the Ray cluster at 127.0.0.1:" in last[0]
    assert last[1].startswith("next: tuneyard resume killed"), driver.said
    history = struck.finish()
    measured(
        15,
        "head killed under a sweep on Ray",
        tries=1,
        lost_steps=struck.lost_steps(),
        lost_trials=struck.lost_trials,
        seed=SEED,
    )
    assert closed < lines(struck.paths.journal)
    assert told(history) == told(expected)
    assert struck.lost_trials == 0
    assert struck.lost_steps() <= 1, "one trial at a time"
