"""Row 20, two drivers on one run: the second is turned away while the first works; a dead one's lock is taken over."""

from __future__ import annotations

import socket
from pathlib import Path
from textwrap import dedent

import pytest

from contracts.command_line import finish, start, tuneyard, wait_for_records
from contracts.drivers import Driver, lines
from contracts.kills import Killed, told
from contracts.measured import Measured
from search.history import History
from search.journal import read_journal

SEED = 11
GATED = """
    import time
    from pathlib import Path

    from trainables.chaos import Chaos


    class Gated(Chaos):
        def step(self):
            while self._step == 4 and not Path(self._options["truth"]).with_name("go").exists():
                time.sleep(0.05)
            return super().step()
"""


def test_the_second_is_turned_away_and_a_dead_one_succeeded(tmp_path: Path, measured: Measured) -> None:
    changes = {"run_cap": 1}
    expected = Killed(tmp_path / "whole", changes).finish()
    once = str(tmp_path / "once.jsonl")
    sweep = Killed(tmp_path / "run", changes, {"mode": "hang", "at": 4, "once": once})
    first = sweep.drive()
    assert first.wait_for_lines(Path(once), 1), "the first driver is amid a step"
    written = sweep.paths.journal.read_bytes()
    name, tries = str(sweep.paths.root), 0
    for arguments in (
        ("resume", name),
        ("resume", name, "--runner", "ray"),
        ("resume", name, "--add-trials", "3"),
        ("resume", name, "--retry-failed"),
    ):
        second = Driver(*arguments, said=tmp_path / f"{tries}.txt", cwd=tmp_path)
        assert second.wait() == 4, second.said
        assert first.alive, "and the first works on"
        assert f"pid {first.pid} on {socket.gethostname()} is working on this run" in second.said
        tries += 1
    taken = Driver("run", sweep.file, "--name", "killed", said=tmp_path / "taken.txt", cwd=sweep.folder)
    assert taken.wait() == 2
    assert "tuneyard resume killed" in taken.said
    assert sweep.paths.journal.read_bytes() == written, "none of them wrote a byte"
    first.kill()
    sweep.killed()
    history = sweep.finish()
    measured(
        20,
        "a second driver, four ways; then a dead holder's lock",
        tries=tries + 1,
        lost_steps=sweep.lost_steps(),
        lost_trials=sweep.lost_trials,
        seed=SEED,
    )
    assert told(history) == told(expected)


def test_what_may_be_done_beside_a_driver_leaves_it_alone(tmp_path: Path, measured: Measured) -> None:
    """Looking, reporting, confirming what is best so far and forking read a journal that another process writes."""
    expected = Killed(tmp_path / "whole").finish()
    once = str(tmp_path / "once.jsonl")
    sweep = Killed(tmp_path / "run", {}, {"mode": "hang", "at": 4, "below": 0.05, "once": once})
    first = sweep.drive()
    assert first.wait_for_lines(Path(once), 1), "the first driver is amid a step"
    written, name = sweep.paths.journal.read_bytes(), str(sweep.paths.root)

    def beside(*arguments: str) -> Driver:
        driver = Driver(*arguments, said=tmp_path / f"{'-'.join(arguments[::2])}.txt", cwd=tmp_path)
        assert driver.wait() in (0, 2, 3, 4), driver.said
        assert first.alive, "and the first works on"
        return driver

    for command in ("show", "report", "doctor"):
        beside(command, name)
    confirming = beside("confirm", name, "--runner", "inline", "--top", "1", "--seeds", "2")
    assert confirming.wait() == 0, confirming.said
    fork = beside("resume", name, "--fork", "beside")
    assert fork.wait() == 0, fork.said
    assert sweep.paths.journal.read_bytes() == written, "none of them wrote a byte"
    first.kill()
    history = sweep.finish()
    journals = [sweep.paths.journal, sweep.paths.root.with_name("beside") / "journal.jsonl"]
    again = sum(bool(record.get("again")) for path in journals for record in read_journal(path))
    fault = "show, report, doctor, confirm and a fork beside a driver"
    measured(20, fault, tries=5, lost_steps=again, lost_trials=0, seed=SEED)
    assert told(history) == told(expected)
    assert told(History.from_records(read_journal(journals[1]))) == told(expected)


@pytest.mark.ray
@pytest.mark.slow
def test_on_ray(tmp_path: Path, measured: Measured) -> None:
    changes = {"trainable": "gated.py:Gated", "workers": 2, "run_cap": 4}
    sweep = Killed(tmp_path / "run", changes)
    (sweep.folder / "gated.py").write_text(dedent(GATED))
    process = start("run", sweep.file, cwd=sweep.folder)
    wait_for_records(process, sweep.paths.journal, "start", 1)
    second = tuneyard("resume", "killed", "--runner", "inline", cwd=sweep.folder)
    assert second.code == 4, second.err
    assert f"pid {process.pid}" in second.err
    assert second.noise == []
    assert process.poll() is None, "the first works on"
    shown = tuneyard("show", "killed", "--json", cwd=sweep.folder)
    assert shown.json["state"] == "running"
    (sweep.folder / "go").touch()  # no trial of the first gets beyond its fourth step before
    first = finish(process)
    assert first.code == 0, first.err
    lost = sweep.lost_steps()
    measured(20, "a second driver beside one on Ray", tries=1, lost_steps=lost, lost_trials=0, seed=SEED)
    assert [trial.state for trial in sweep.history.trials] == ["completed"] * 4
    assert lost == 0
    assert lines(sweep.paths.journal) == len(read_journal(sweep.paths.journal))
