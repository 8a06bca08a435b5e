"""Signals and second drivers, on Ray and through the real command line."""

from __future__ import annotations

import os
import re
import shlex
import signal
from pathlib import Path

import pytest

from contracts.command_line import finish, start, tuneyard, wait_for_records
from search.history import History
from search.journal import read_journal

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.mark.parametrize(
    ("sent", "to_group", "code"),
    [
        pytest.param(signal.SIGINT, True, 130, id="ctrl-c"),  # a terminal signals the whole process group
        pytest.param(signal.SIGTERM, False, 143, id="kill"),
    ],
)
def test_a_signal_stops_the_sweep_and_what_it_prints_goes_on_with_it(
    users: Path, sent: signal.Signals, to_group: bool, code: int
) -> None:
    cwd = users.parent
    process = start("run", users / "package.yaml", "--set", "parameters.sleep=0.3", "-j", 2, cwd=cwd)
    journal = cwd / "runs" / "package" / "journal.jsonl"
    wait_for_records(process, journal, "result", 3)
    (os.killpg if to_group else os.kill)(process.pid, sent)
    done = finish(process, patience=60)
    assert done.code == code, done.err
    assert done.noise == []
    before = read_journal(journal)
    interrupted = History.from_records(before)
    assert interrupted.ended == f"interrupted by {sent.name}"
    assert interrupted.running

    printed = re.search(r"tuneyard (resume .+)", done.err)
    assert printed is not None, done.err
    again = tuneyard(*shlex.split(printed[1]), "--json", cwd=cwd)
    assert again.code == 0, again.err
    assert again.noise == []
    assert again.json["trials"]["completed"] == again.json["trials"]["total"] == 3
    after = History.from_records(read_journal(journal))
    begun_again = [attempt.from_step for trial in after.trials for attempt in trial.attempts[1:]]
    assert all(step > 0 for step in begun_again), "goes on from its checkpoint"
    repeated = [record for record in read_journal(journal) if record.get("again")]
    assert repeated == [], "a stop that was asked for costs no step"


def test_a_second_driver_is_turned_away_by_the_pid_of_the_first(users: Path) -> None:
    cwd = users.parent
    process = start("run", users / "package.yaml", "--set", "parameters.sleep=0.5", cwd=cwd)
    journal = cwd / "runs" / "package" / "journal.jsonl"
    wait_for_records(process, journal, "start", 1)
    second = tuneyard("resume", "package", cwd=cwd)
    assert second.code == 4, second.err
    assert f"pid {process.pid}" in second.err
    assert second.noise == []
    taken = tuneyard("run", users / "package.yaml", "--name", "package", cwd=cwd)
    assert taken.code == 2, taken.err
    assert "package" in taken.err
    assert tuneyard("show", "package", "--json", cwd=cwd).json["state"] == "running"
    first = finish(process)
    assert first.code == 0, first.err
    assert tuneyard("show", "package", "--json", cwd=cwd).json["trials"]["completed"] == 3
