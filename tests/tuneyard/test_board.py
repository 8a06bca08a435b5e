"""board: a real TensorBoard, reached over HTTP, listening on loopback only."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from contracts.command_line import PATIENCE

Call = Callable[..., Any]


@contextlib.contextmanager
def board(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the address that it prints."""
    command = [sys.executable, "-W", "ignore", "-m", "tuneyard", "board", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if found := re.search(r"http://\S+?:\d+/", line):
                    yield process, found[0]
                    break
            else:
                pytest.fail("".join(lines))
        finally:
            watchdog.cancel()
            process.send_signal(signal.SIGINT)
            process.wait(timeout=PATIENCE)


@pytest.mark.slow
def test_board_shows_the_runs_named_on_loopback_only(call: Call) -> None:
    Path("sweep.yaml").write_text("trainable: curves\nmethod: random\nrun_cap: 2\nmax_steps: 3\n")
    for name in ("one", "two", "three"):
        assert call("run", "sweep.yaml", "--runner", "inline", "--name", name).code == 0
    with board("one", "two") as (process, address):
        assert address.startswith("http://127.0.0.1:")
        deadline, shown = time.monotonic() + PATIENCE, set[str]()
        while len(shown) < 2 and time.monotonic() < deadline:  # it answers before it has read them
            with urllib.request.urlopen(f"{address}data/runs", timeout=PATIENCE) as answer:
                shown = {run.partition("/")[0] for run in json.load(answer)}
        assert shown == {"one", "two"}
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        listening = {
            c.laddr.ip for p in family for c in p.net_connections() if c.status == psutil.CONN_LISTEN
        }
        assert listening <= {"127.0.0.1", "::1"}
    assert process.returncode == 0


def test_board_without_a_run_says_so(call: Call) -> None:
    done = call("board")
    assert done.code == 2
    assert "tuneyard run FILE" in done.err
