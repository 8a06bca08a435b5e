from __future__ import annotations

import errno
import json
import math
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.errors import JournalError, LockedError
from search.journal import FileJournal, RunLock, encode, lock_holder, read_journal

RECORDS: list[dict[str, Any]] = [
    {"type": "sweep", "now": 0.0, "format": 1, "problem": {}, "about": {"name": "größe"}},
    {
        "type": "ask",
        "now": 0.1,
        "trial": 0,
        "config": {"lr": 0.1, "name": "a\nb"},
        "seed": 5,
        "origin": "searcher",
    },
    {"type": "result", "now": 1.5, "trial": 0, "step": 1, "metrics": {"loss": 0.25, "gap": 1e-300}},
    {"type": "close", "now": 2.0, "trial": 0, "outcome": "completed", "reason": "", "failure": None},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def write(path: Path, records: list[dict[str, Any]]) -> bytes:
    journal = FileJournal(path)
    for record in records:
        journal.append(record)
    journal.close()
    return path.read_bytes()


def plain(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the stamp of the hour."""
    return [{key: value for key, value in record.items() if key != "t"} for record in records]


def torn(path: Path) -> bool:
    """Open and close it; whether a torn line was dropped."""
    journal = FileJournal(path)
    journal.close()
    return journal.torn


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes: what a full disk looks like, without filling one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


# -- there and back ----------------------------------------------------------------------------------------------------


def test_metrics_that_are_not_finite_come_back_as_they_were(path: Path) -> None:
    metrics = {"loss": math.nan, "up": math.inf, "down": -math.inf, "fine": 0.1}
    write(path, [RECORDS[0], {"type": "result", "now": 1.0, "trial": 0, "step": 1, "metrics": metrics}])
    found = read_journal(path)[1]["metrics"]
    assert math.isnan(found.pop("loss"))
    assert found == {"up": math.inf, "down": -math.inf, "fine": 0.1}
    for line in path.read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_records_come_back_in_order_with_the_hour_in_utc(path: Path) -> None:
    write(path, RECORDS)
    found = read_journal(path)
    assert plain(found) == [{**record} for record in RECORDS]
    assert all(record["t"].endswith("+00:00") for record in found)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.text().filter(lambda key: key not in ("metrics", "crc", "t")), json_values, max_size=5)
)
def test_any_record_survives(tmp_path_factory: pytest.TempPathFactory, record: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    write(path, [RECORDS[0], record])
    assert plain(read_journal(path))[1] == record


def test_a_config_that_is_not_json_is_refused_before_anything_is_written(path: Path) -> None:
    journal = FileJournal(path)
    for value in (math.nan, object(), {1, 2}):
        with pytest.raises((ValueError, TypeError)):
            journal.append({"type": "ask", "config": {"x": value}})
    journal.close()
    assert path.read_bytes() == b""


def test_it_goes_on_where_it_ended(path: Path) -> None:
    write(path, RECORDS[:2])
    write(path, RECORDS[2:])
    assert plain(read_journal(path)) == RECORDS


# -- crashes -----------------------------------------------------------------------------------------------------------


def test_a_tail_torn_at_any_byte_is_dropped_and_the_next_write_works(path: Path) -> None:
    whole = write(path, RECORDS)
    start = whole.rindex(b"\n", 0, len(whole) - 1) + 1
    for size in range(start + 1, len(whole)):
        path.write_bytes(whole[:size])
        assert plain(read_journal(path)) == RECORDS[:3]
        journal = FileJournal(path)
        assert journal.torn
        journal.append(RECORDS[3])
        journal.close()
        assert plain(read_journal(path)) == RECORDS
        assert not torn(path)


def test_a_journal_torn_anywhere_holds_every_record_before(path: Path) -> None:
    whole = write(path, RECORDS)
    ends = [i + 1 for i, byte in enumerate(whole) if byte == 0x0A]
    for size in range(ends[0], len(whole) + 1):
        path.write_bytes(whole[:size])
        assert plain(read_journal(path)) == RECORDS[: sum(end <= size for end in ends)]


def test_a_tail_of_zeros_is_a_torn_one(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What some file systems leave of a write that a power cut interrupted."""
    whole = write(path, RECORDS)
    path.write_bytes(whole + b"\0" * 500)
    assert torn(path)
    assert path.read_bytes() == whole
    assert "the last record was torn by a crash and is dropped" in caplog.text


def test_each_flipped_bit_is_found_and_its_line_named(path: Path) -> None:
    whole = write(path, RECORDS)
    for index in range(len(whole) - 1):
        line = whole.count(b"\n", 0, index) + 1
        for bit in range(8):
            path.write_bytes(whole[:index] + bytes([whole[index] ^ 1 << bit]) + whole[index + 1 :])
            with pytest.raises(JournalError, match=rf":{line}: damaged record") as caught:
                read_journal(path)
            assert f"everything before line {line} is sound" in str(caught.value)


def test_damage_is_refused_when_opened_for_writing_too(path: Path) -> None:
    whole = write(path, RECORDS)
    path.write_bytes(whole.replace(b"0.25", b"0.26"))
    with pytest.raises(JournalError, match=r":3: damaged record \(its checksum does not fit\)"):
        FileJournal(path)
    assert b"0.26" in path.read_bytes()


@pytest.mark.parametrize("cut", [b"", b'{"type"'])
def test_a_journal_killed_before_its_header_says_so(path: Path, cut: bytes) -> None:
    path.write_bytes(cut)
    with pytest.raises(JournalError, match=r"killed before it began\. Delete it and run again"):
        read_journal(path)


def test_no_journal_and_a_foreign_format(path: Path) -> None:
    with pytest.raises(JournalError, match="not a run directory"):
        read_journal(path)
    about = {"versions": {"tuneyard": "9.9"}}
    write(path, [{"type": "sweep", "format": 7, "about": about}])
    with pytest.raises(JournalError, match=r"format 7, this version reads 1. .*: 9\.9"):
        read_journal(path)


# -- full disks --------------------------------------------------------------------------------------------------------


def test_a_full_disk_leaves_the_journal_sound(path: Path) -> None:
    whole = write(path, RECORDS)
    longest = len(encode({**RECORDS[1], "t": "x" * 29}))
    for room in range(0, longest, 7):
        journal = FileJournal(path)
        with full_at(len(whole) + room), pytest.raises(JournalError, match=r"cannot write .*tuneyard resume"):
            journal.append(RECORDS[1])
        assert path.read_bytes() == whole
        journal.append(RECORDS[2])  # there is space again
        journal.close()
        assert plain(read_journal(path)) == [*RECORDS, RECORDS[2]]
        path.write_bytes(whole)


def test_after_a_torn_line_that_cannot_be_taken_back_nothing_is_written(path: Path) -> None:
    whole = write(path, RECORDS)
    journal = FileJournal(path)
    with open("/dev/full", "wb") as full:  # takes nothing, and cannot be truncated
        os.dup2(full.fileno(), journal._file.fileno())
    for _ in range(2):
        with pytest.raises(JournalError, match="cannot write"):
            journal.append(RECORDS[1])
    assert path.read_bytes() == whole


# -- the way to the disk -----------------------------------------------------------------------------------------------


class SlowDisk:
    """`os.fsync` for a journal: waits until it is let go on, and knows how often it was called."""

    def __init__(self) -> None:
        self.go, self.called = threading.Event(), 0

    def __call__(self, handle: int) -> None:
        self.called += 1
        assert self.go.wait(60)

    def holds_up(self, call: Callable[[], None]) -> None:
        """`call` does not return before the disk goes on."""
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(call)
            with pytest.raises(TimeoutError):
                waiting.result(0.2)
            self.go.set()
            waiting.result(60)


def test_only_who_asks_for_it_waits_for_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, disk = FileJournal(path), SlowDisk()
    monkeypatch.setattr(os, "fsync", disk)
    for record in RECORDS:
        journal.append(record)  # does not wait, and is there for the next driver
    assert plain(read_journal(path)) == RECORDS
    disk.holds_up(journal.sync)
    journal.close()
    assert 1 <= disk.called < len(RECORDS), "one fsync takes all that came while the disk was at work"


def test_it_ends_when_everything_is_on_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, disk = FileJournal(path), SlowDisk()
    monkeypatch.setattr(os, "fsync", disk)
    journal.append(RECORDS[0])
    disk.holds_up(journal.close)


def test_a_disk_that_fails_later_is_said_and_ends_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = FileJournal(path)

    def failing(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    journal.append(RECORDS[0])
    said = r"the disk did not take what was written last .*Input/output error.* tuneyard resume"
    with pytest.raises(JournalError, match=said):
        journal.sync()
    with pytest.raises(JournalError, match=said):
        journal.append(RECORDS[1])
    journal.close()
    assert plain(read_journal(path)) == RECORDS[:1]


# -- the lock ----------------------------------------------------------------------------------------------------------


def test_the_second_driver_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / "run" / "lock"
    first = RunLock(lock)
    assert lock_holder(lock) == f"pid {os.getpid()} on {socket.gethostname()}"
    with pytest.raises(
        LockedError, match=f"pid {os.getpid()} on {socket.gethostname()} is working on this run"
    ):
        RunLock(lock)
    first.release()
    assert lock_holder(lock) is None
    RunLock(lock).release()


HOLDER = """
import sys, time
from pathlib import Path
from search.journal import RunLock
lock = RunLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_the_lock_of_a_killed_driver_is_taken_over(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    root = Path(__file__).parents[2]
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, cwd=root, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=f"pid {holder.pid} on "):
            RunLock(lock)
    finally:
        holder.kill()
        holder.communicate()
    assert lock_holder(lock) is None
    RunLock(lock).release()
