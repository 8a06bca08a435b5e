"""Row 13, SIGINT and SIGTERM: stopped within 10 s, exit code 130 or 143, and the resume is exact."""

from __future__ import annotations

import math
import os
import re
import shlex
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from contracts.command_line import finish, start, tuneyard, wait_for_records
from contracts.drivers import Driver, lines
from contracts.kills import Killed, told
from contracts.measured import Measured
from contracts.truth import Truth
from search.runners import limit

SEED = 11
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


def interrupt(sweep: Killed, driver: Driver, signals: Iterable[signal.Signals], results: int) -> int:
    """Send them once there are so many results, each once the one before was heard; the driver's exit code."""
    assert driver.wait_for_lines(sweep.truth, results)
    for number in signals:
        said = lines(sweep.said)
        os.kill(driver.pid, number)
        driver.wait_for_lines(sweep.said, said + 1)
    return driver.wait()


def unbroken() -> None:
    """In this process no step is broken off for one signal, however long it takes."""
    limit.PATIENCE = math.inf


@pytest.mark.parametrize("sent", CODES, ids=lambda sent: sent.name)
def test_the_step_under_way_is_finished(tmp_path: Path, measured: Measured, sent: signal.Signals) -> None:
    changes = {"method": "tpe", "run_cap": 8}
    expected = Killed(tmp_path / "whole", changes).finish()
    sweep = Killed(tmp_path / "stopped", changes, {"delay": 0.02})
    for stop in range(3):
        driver = sweep.drive()
        before = len(Truth.read(sweep.truth).events)
        assert interrupt(sweep, driver, [sent], before + 6) == CODES[sent], driver.said
        assert "stopping: running trials finish their step" in driver.said
        assert "tuneyard resume killed" in driver.said
        assert sweep.history.ended == f"interrupted by {sent.name}", stop
        sweep.looked_at()
    history = sweep.finish()
    lost = sweep.lost_steps()
    measured(13, sent.name, tries=3, lost_steps=lost, lost_trials=sweep.lost_trials, seed=SEED)
    assert told(history) == told(expected)
    assert (lost, sweep.lost_trials) == (0, 0), "a stop that was asked for costs nothing"


@pytest.mark.slow
@pytest.mark.parametrize(
    "signals",
    [(signal.SIGTERM,), (signal.SIGINT,), (signal.SIGINT, signal.SIGINT)],
    ids=["SIGTERM", "SIGINT", "SIGINT twice"],
)
def test_a_step_of_an_hour_is_broken_off(
    tmp_path: Path, measured: Measured, signals: tuple[signal.Signals, ...]
) -> None:
    changes = {"run_cap": 1}
    expected = Killed(tmp_path / "whole", changes).finish()
    once = {"mode": "hang", "at": 4, "once": str(tmp_path / "once.jsonl")}
    sweep = Killed(tmp_path / "stopped", changes, once)
    driver = sweep.drive(prepare=unbroken if len(signals) > 1 else None)
    assert driver.wait_for_lines(tmp_path / "once.jsonl", 1), "the hour has begun"
    assert interrupt(sweep, driver, signals, 4) == CODES[signals[0]], driver.said
    history = sweep.finish()
    fault = f"{' twice: '.join(dict.fromkeys(s.name for s in signals))}{' twice' * (len(signals) - 1)}"
    fault += ", in a step of an hour"
    lost = sweep.lost_steps()
    measured(13, fault, tries=1, lost_steps=lost, lost_trials=sweep.lost_trials, seed=SEED)
    assert told(history) == told(expected)
    assert [attempt.from_step for attempt in history.trials[0].attempts] == [0, 3]


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "to_group"),
    [
        pytest.param(signal.SIGINT, True, id="ctrl-c"),  # a terminal signals the whole process group
        pytest.param(signal.SIGTERM, False, id="kill"),
    ],
)
def test_on_ray_what_it_prints_goes_on_with_it(
    tmp_path: Path, measured: Measured, sent: signal.Signals, to_group: bool
) -> None:
    sweep = Killed(tmp_path / "stopped", {"workers": 2, "run_cap": 3}, {"delay": 0.2})
    process = start("run", sweep.file, cwd=sweep.folder)
    wait_for_records(process, sweep.paths.journal, "result", 3)
    (os.killpg if to_group else os.kill)(process.pid, sent)
    done = finish(process)
    assert done.code == CODES[sent], done.err
    assert done.noise == []
    sweep.looked_at()
    interrupted = sweep.history
    assert interrupted.ended == f"interrupted by {sent.name}"
    assert interrupted.running

    printed = re.search(r"tuneyard (resume .+)", done.err)
    assert printed is not None, done.err
    again = tuneyard(*shlex.split(printed[1]), "--json", cwd=sweep.folder)
    assert again.code == 0, again.err
    assert again.noise == []
    sweep.looked_at()
    lost = sweep.lost_steps()
    whom = "the process group" if to_group else "the driver"
    fault = f"{sent.name} to {whom}, on Ray"
    measured(13, fault, tries=1, lost_steps=lost, lost_trials=sweep.lost_trials, seed=SEED)
    assert [trial.state for trial in sweep.history.trials] == ["completed"] * 3
    begun_again = [(t.number, a.from_step) for t in sweep.history.trials for a in t.attempts[1:]]
    assert begun_again == [(t.number, t.steps) for t in interrupted.running], "goes on from its checkpoint"
    assert lost == 0, "a stop that was asked for costs no step"
