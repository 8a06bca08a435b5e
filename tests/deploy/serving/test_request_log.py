"""The log of a server: nothing is lost to a crash, nothing grows for ever, nobody else reads it."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from deploy.errors import DeployError
from deploy.monitoring.log import read_log
from deploy.serving.request_log import LogWriter, read_lines


def row(i: int) -> dict[str, object]:
    head = {"time": float(i), "request": f"{i:016x}", "version": "v1", "row": 0, "status": 200, "ms": 1.0}
    return {**head, "in.x": i / 2, "in.c": "a"}


def writer(folder: Path, **limits: float) -> LogWriter:
    return LogWriter(folder, "predictions", **{"rows": 100, "age": 3600.0, "most_bytes": 2**30, **limits})


def test_lines_are_there_at_once_and_columns_after_the_end(tmp_path: Path) -> None:
    log = writer(tmp_path / "log")
    log.write([row(0), row(1)])
    (open_file,) = (tmp_path / "log").glob("*.jsonl")
    assert [each["request"] for each in read_lines(open_file)] == [row(0)["request"], row(1)["request"]]
    assert stat.S_IMODE(open_file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700
    log.close()
    assert not open_file.exists()
    frame = pd.read_parquet(open_file.with_suffix(".parquet"))
    assert frame["in.x"].tolist() == [0.0, 0.5]
    assert stat.S_IMODE(open_file.with_suffix(".parquet").stat().st_mode) == 0o600


def test_files_are_closed_after_so_many_rows_and_the_oldest_removed(tmp_path: Path) -> None:
    log = writer(tmp_path, rows=10)
    for i in range(100):
        log.write([row(i)])
    log.close()
    assert len(list(tmp_path.glob("*.parquet"))) == 10
    assert len(read_log(tmp_path).rows) == 100
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    log = writer(tmp_path, rows=10, most_bytes=size // 2)
    log.write([row(100)])
    log.close()
    kept = read_log(tmp_path).rows
    assert 20 <= len(kept) < 60
    assert kept["time"].max() == 100.0


def test_files_are_closed_after_so_long(tmp_path: Path) -> None:
    log = writer(tmp_path, age=0.0)
    for i in range(3):
        log.write([row(i)])
    log.close()
    assert len(list(tmp_path.glob("*.parquet"))) == 3


def test_values_of_odd_kinds_make_columns(tmp_path: Path) -> None:
    log = writer(tmp_path)
    mixed = [{**row(1), "v": each, "w": w} for each, w in
             ((1, None), ("\ud800", True), ([1], False), (None, None), (10**400, True))]  # fmt: skip
    log.write(mixed)
    log.close()
    frame = read_log(tmp_path).rows
    assert frame["v"].tolist()[0] == "1"
    assert len(frame) == 5


KILLED = """
import os, sys
from pathlib import Path
from deploy.serving.request_log import LogWriter
log = LogWriter(Path(sys.argv[1]), "predictions", 1000, 3600.0, 2**30)
for i in range(25):
    log.write([{"time": float(i), "request": f"{i:016x}", "version": "v1", "row": 0, "status": 200, "ms": 1.0}])
print("written", flush=True)
sys.stdin.read()
"""


def test_what_a_killed_server_had_written_is_read_and_closed_by_the_next(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[3])
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"written\n"
    assert len(read_log(tmp_path).rows) == 25, "while it is written"
    living = writer(tmp_path)
    living.close()
    assert list(tmp_path.glob("*.jsonl")), "a file whose writer lives is left alone"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    writer(tmp_path).close()
    assert not list(tmp_path.glob("*.jsonl"))
    assert len(read_log(tmp_path).rows) == 25


FULL = """
import resource, sys
from pathlib import Path
from deploy.serving.request_log import LogWriter
log = LogWriter(Path(sys.argv[1]), "predictions", 1000, 3600.0, 2**30)
log.write([{"time": 0.0, "request": "a", "row": 0}])
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, unlimited[1]))
try:
    log.write([{"time": 1.0, "request": "b" * 200, "row": 0}])
except OSError:
    print("full")
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
log.write([{"time": 2.0, "request": "c", "row": 0}])
"""


def test_a_disk_that_was_full_for_a_moment_costs_no_other_line(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
        check=True,
    )
    assert done.stdout == "full\n"
    (left,) = tmp_path.glob("*.jsonl")
    assert [each["request"] for each in read_lines(left)] == ["a", "c"]


def test_a_file_that_is_taken_away_before_it_is_locked_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a server that starts, to which it looks like one that was left."""
    lock, taken = fcntl.flock, []

    def late(file: Any, how: int) -> None:
        if not taken:
            taken.extend(tmp_path.glob("*.jsonl"))
            taken[0].unlink()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    log = writer(tmp_path)
    log.write([row(0)])
    log.close()
    assert len(taken) == 1
    assert len(read_log(tmp_path).rows) == 1


def test_a_folder_that_cannot_be_made_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeployError, match="--no-log"):
        writer(tmp_path / "file" / "log")
