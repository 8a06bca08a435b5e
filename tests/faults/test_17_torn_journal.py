"""Row 17, the journal's tail is torn: at every length it opens without the torn record, says so, and goes on."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import pytest

from contracts.drivers import Driver
from contracts.kills import Killed, told
from contracts.measured import Measured
from search.errors import JournalError
from search.journal import FileJournal, read_journal

SEED = 17


@pytest.fixture
def sweep(tmp_path: Path) -> Killed:
    """A sweep that was killed amid its trials."""
    killed = Killed(tmp_path / "run", {"run_cap": 6}, {"delay": 0.004})
    assert killed.kill_after(40)
    return killed


def test_at_every_length(
    sweep: Killed, tmp_path: Path, measured: Measured, caplog: pytest.LogCaptureFixture
) -> None:
    whole = sweep.paths.journal.read_bytes()
    records = read_journal(sweep.paths.journal)
    whole = whole[: whole.rfind(b"\n") + 1]
    begin = whole[:-1].rfind(b"\n") + 1
    torn = tmp_path / "journal.jsonl"
    cuts = range(begin + 1, len(whole))
    for cut in cuts:
        torn.write_bytes(whole[:cut])
        caplog.clear()
        assert read_journal(torn) == records[:-1]
        with caplog.at_level(logging.WARNING):
            journal = FileJournal(torn)
        assert "the last record was torn by a crash and is dropped" in caplog.text
        journal.append({"type": "end", "now": 1.0, "reason": "tried", "finished": False})
        journal.close()
        assert read_journal(torn)[:-1] == records[:-1]
        assert read_journal(torn)[-1]["reason"] == "tried"
    for cut in range(whole.index(b"\n") + 1):  # the first record, which is the header
        torn.write_bytes(whole[:cut])
        with pytest.raises(JournalError, match=r"killed before it began. Delete it and run again"):
            read_journal(torn)
    tries = len(cuts) + whole.index(b"\n") + 1
    fault = "the last record, and the first, cut at every byte"
    measured(17, fault, tries=tries, lost_steps=0, lost_trials=0, seed=SEED)


def test_the_sweep_goes_on_without_the_torn_record(sweep: Killed, tmp_path: Path, measured: Measured) -> None:
    expected = Killed(tmp_path / "whole", {"run_cap": 6}).finish()
    chance = random.Random(SEED)
    cuts = 5
    for _ in range(cuts):
        whole = sweep.paths.journal.read_bytes()
        whole = whole[: whole.rfind(b"\n") + 1]
        begin = whole[:-1].rfind(b"\n") + 1
        sweep.paths.journal.write_bytes(whole[: chance.randrange(begin + 1, len(whole))])
        assert sweep.kill_after(8)
        assert "the last record was torn by a crash and is dropped" in Path(sweep.said).read_text()
    history = sweep.finish()
    lost = sweep.lost_steps(lost_per_kill=2)  # the kill's, and the one whose record was cut off
    fault = "SIGKILL of the driver, and its last record torn"
    measured(17, fault, tries=cuts, lost_steps=lost, lost_trials=0, seed=SEED)
    assert told(history) == told(expected)
    assert lost <= 2 * cuts + 1


def test_damage_before_the_tail_is_refused_by_its_line(sweep: Killed, measured: Measured) -> None:
    whole = sweep.paths.journal.read_bytes()
    lines = whole[: whole.rfind(b"\n") + 1].splitlines(keepends=True)
    chance = random.Random(SEED)
    for number in range(1, len(lines)):
        line = bytearray(lines[number - 1])
        line[chance.randrange(len(line))] ^= 1 << chance.randrange(8)
        sweep.paths.journal.write_bytes(b"".join([*lines[: number - 1], bytes(line), *lines[number:]]))
        with pytest.raises(JournalError, match=rf"journal.jsonl:{number}: damaged record"):
            read_journal(sweep.paths.journal)
    damaged = sweep.paths.journal.read_bytes()
    driver = Driver("resume", sweep.paths.root, said=sweep.said, cwd=sweep.folder)
    assert driver.wait() == 5
    assert f"journal.jsonl:{number}: damaged record" in driver.said
    assert "Restore this file from a copy" in driver.said
    assert sweep.paths.journal.read_bytes() == damaged, "nothing was written to it"
    sweep.paths.journal.write_bytes(b"".join(lines))
    sweep.finish()
    fault = "a bit flipped in each record before the last: refused"
    measured(17, fault, tries=len(lines) - 1, lost_steps=0, lost_trials=0, seed=SEED)
