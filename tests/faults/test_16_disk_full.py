"""Row 16, the disk is full: what was recorded can be read, the error says what to do, and resume works once there is space."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from contracts.drivers import lines
from contracts.kills import Killed, told
from contracts.measured import Measured
from search.journal import read_journal
from search.paths import RunPaths

SEED = 11
CHANGES = {"method": "tpe", "run_cap": 8}


@contextlib.contextmanager
def disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """A file system of that size in a folder, and nothing else on it."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={kilobytes}k,mode=700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(["mount", *options], capture_output=True).returncode != 0:
        pytest.skip("a disk that is really full is a small one of its own, which only root may mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def grow(folder: Path) -> None:
    """Space is made."""
    subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)


def limit_files(size: int) -> None:
    """No file of this process gets larger than so many bytes: writing on fails as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def check_refused(sweep: Killed, said: str, code: int) -> None:
    """A run that could not be written on: one message, and a journal that reads."""
    assert code in (1, 5), said
    assert "Traceback" not in said
    assert "not an error we foresaw" not in said
    if lines(sweep.paths.journal):
        assert "Nothing recorded so far is lost. Free some space, then: tuneyard resume" in said
        assert read_journal(sweep.paths.journal)
    else:
        assert not sweep.paths.root.exists(), "a run that could not begin leaves nothing behind"


def test_no_file_grows_beyond_a_limit(tmp_path: Path, measured: Measured) -> None:
    """Needs no root: the settings, the header, or a record amid the sweep are what does not fit."""
    expected = Killed(tmp_path / "whole", CHANGES).finish()
    refused = 0
    for size in (100, 2_000, 6_000, 8_000, 12_000, 16_000):
        sweep = Killed(tmp_path / str(size), CHANGES)
        driver = sweep.drive(prepare=partial(limit_files, size))
        code = driver.wait()
        check_refused(sweep, driver.said, code)
        refused += 1
        history = sweep.finish()
        lost = sweep.lost_steps(lost_per_kill=9)  # a checkpoint holds 6.5 kB of generators' state
        fault = f"no file larger than {size} bytes"
        measured(16, fault, tries=1, lost_steps=lost, lost_trials=sweep.lost_trials, seed=SEED)
        assert told(history) == told(expected)
    assert refused


@pytest.mark.slow
def test_a_disk_fills_up_under_a_sweep(tmp_path: Path, measured: Measured) -> None:
    expected = Killed(tmp_path / "whole", CHANGES).finish()
    refused = 0
    sizes = (4, 16, 40, 80, 160, 240, 400)
    lost = lost_trials = 0
    for size in sizes:
        full = tmp_path / f"disk{size}"
        sweep = Killed(tmp_path / str(size), {**CHANGES, "storage": str(full / "runs")})
        sweep.paths = RunPaths(full / "runs" / "killed")
        with disk(full, size):
            driver = sweep.drive()
            code = driver.wait()
            if code != 0:
                check_refused(sweep, driver.said, code)
                refused += 1
            grow(full)
            assert told(sweep.finish()) == told(expected)
            lost += sweep.lost_steps(lost_per_kill=9)  # no checkpoint may have found room
            lost_trials += sweep.lost_trials
    fault = f"disks of {sizes[0]} to {sizes[-1]} kB fill up"
    measured(16, fault, tries=len(sizes), lost_steps=lost, lost_trials=lost_trials, seed=SEED)
    assert refused >= 3


@pytest.mark.slow
@pytest.mark.parametrize("what", ["tensorboard", "trials", "report"])
def test_only_one_part_finds_no_room(tmp_path: Path, measured: Measured, what: str) -> None:
    """What is no record is not needed: it is warned of, and the sweep comes to its end."""
    expected = Killed(tmp_path / "whole", CHANGES).finish()
    sweep = Killed(tmp_path / "run", CHANGES, {"delay": 0.004})
    assert sweep.kill_after(40)
    folder = sweep.paths.root / what
    with disk(folder, 4):
        with contextlib.suppress(OSError):
            (folder / "full").write_bytes(bytes(8192))
        driver = sweep.drive()
        assert driver.wait() == 0, driver.said
        sweep.looked_at()
    assert "No space left" in driver.said
    lost = sweep.lost_steps(lost_per_kill=9)
    measured(16, f"no room for {what}", tries=1, lost_steps=lost, lost_trials=sweep.lost_trials, seed=SEED)
    assert told(sweep.history) == told(expected)
    assert "Traceback" not in driver.said
