"""Drivers to be struck down: each is a process of its own that runs the command line, as a user's does.

They are forked from one server process that has imported everything, so that a hundred of them can be killed in the time
in which ten would have started.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from contracts.command_line import PATIENCE

__all__ = ["Driver", "lines"]

_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(
    [
        "pytest",  # the main module of the tests, which each child looks at
        "google.protobuf.struct_pb2",
        "hyperopt",
        "jinja2",
        "optuna.importance",
        "scipy.stats",
        "search.api",
        "search.report.build",
        "search.runners.inline",
        "search.searchers.cmaes",
        "search.searchers.hyperopt",
        "search.searchers.tpe",
        "search.settings",
        "search.views.console",
        "search.views.events",
        "search.views.tensorboard",
        "sklearn.ensemble",
        "trainables.chaos",
        "tuneyard.__main__",
        "tuneyard.commands.resume",
        "tuneyard.commands.run",
    ]
)


class Driver:
    """`tuneyard ARGUMENTS`, begun, in a session of its own: a signal to it reaches nobody else.

    `said`: the file that gets what it writes to stdout and stderr. `prepare`: a function of a module, called in the new
    process before the command, as to set a trap in it.
    """

    def __init__(
        self, *arguments: object, said: Path, cwd: Path, prepare: Callable[[], object] | None = None
    ) -> None:
        self._said = said
        self._process = _FORK.Process(target=_drive, args=([*map(str, arguments)], said, cwd, prepare))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def said(self) -> str:
        """What it wrote so far."""
        return self._said.read_text(errors="replace") if self._said.exists() else ""

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self.wait()

    def wait(self, patience: float = PATIENCE) -> int:
        """Its exit code; -9 where a SIGKILL ended it. One that hangs is killed, and fails the test."""
        self._process.join(patience)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
            raise AssertionError(f"hangs\n{self.said}")
        assert self._process.exitcode is not None
        return self._process.exitcode

    def wait_for_lines(self, file: Path, count: int) -> bool:
        """Until a file has so many lines: True; False where the driver ended before."""
        deadline = time.monotonic() + PATIENCE
        while lines(file) < count:
            if not self.alive:
                return False
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"no {count} lines in {file}\n{self.said}")
            time.sleep(0.001)
        return True


def lines(file: Path) -> int:
    """Whole lines that a file has now."""
    return file.read_bytes().count(b"\n") if file.exists() else 0


def _drive(arguments: list[str], said: Path, cwd: Path, prepare: Callable[[], object] | None) -> None:
    os.setsid()
    os.chdir(cwd)
    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    if prepare is not None:
        prepare()
    from tuneyard.__main__ import main

    sys.exit(main(arguments))
