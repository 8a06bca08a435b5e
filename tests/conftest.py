"""What every test gets: one thread a process, its own directory, and no Ray process left behind."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from pathlib import Path

# Before numpy or torch is imported anywhere: two cores serve all test processes, and results must not depend on them.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
# Every process that a test starts inherits this mark; by it the end of the run finds those that were left behind.
_MARK = os.environ.setdefault("TUNEYARD_TEST_RUN", secrets.token_hex(8))

# A CI that starts us in the background has Ctrl-C ignored, and every process of a test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

import psutil  # noqa: E402 - after the environment is set
import pytest  # noqa: E402


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test starts in an empty directory of its own, so that a default `./runs` never lands in the tree."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TUNEYARD_STORAGE", raising=False)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run that leaves Ray processes behind has failed: they would slow down and confuse whatever comes next."""
    if hasattr(session.config, "workerinput"):  # an xdist worker: the controller looks once, at the end
        return
    deadline = time.monotonic() + 60.0  # those of a cluster that has just ended go by themselves
    while (left := _ray_processes()) and time.monotonic() < deadline:
        time.sleep(0.25)
    if left:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        for process, line in left.items():
            if reporter is not None:
                reporter.write_line(f"left behind by a test: {process.pid} {line[:120]}", red=True)
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _ray_processes() -> dict[psutil.Process, str]:
    """Ray processes of this test run, wherever their parent went, with their command lines."""
    found = {}
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            ray = any(name in line for name in ("raylet", "gcs_server", "ray::", "ray/_private"))
            if ray and process.environ().get("TUNEYARD_TEST_RUN") == _MARK:
                found[process] = line
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found
