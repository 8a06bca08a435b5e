"""The command line as its users have it: a process of its own, started in a folder outside the project."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PATIENCE", "Done", "finish", "start", "tuneyard", "wait_for_records"]

PATIENCE = 240.0  # seconds; a guard against hanging, on a busy machine


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code, and what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of stdout, which is strict JSON."""

        def refuse(name: str) -> None:
            raise ValueError(f"{name} is no JSON")

        return json.loads(self.out.splitlines()[-1], parse_constant=refuse)

    @property
    def noise(self) -> list[str]:
        """Lines that a user should never see: tracebacks, warnings and logs of libraries, anything of Ray's."""
        unwanted = re.compile(r"traceback|warning|\bray\b|raylet|gcs_server|\(pid=|\bINFO\b|File \"", re.I)
        return [line for line in (self.out + self.err).splitlines() if unwanted.search(line)]


def start(*arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """`tuneyard ARGUMENTS`, begun; it leads a process group, as a command does in a shell."""
    return subprocess.Popen(
        [sys.executable, "-m", "tuneyard", *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        process_group=0,
        env={**os.environ, **(env or {})},
    )


def tuneyard(*arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> Done:
    """`tuneyard ARGUMENTS`, run to its end."""
    return finish(start(*arguments, cwd=cwd, env=env))


def finish(process: subprocess.Popen[str], patience: float = PATIENCE) -> Done:
    """Wait for the end of a command; one that hangs is killed, and fails the test."""
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"hangs: {process.args}\n{out}\n{err}") from None
    return Done(process.returncode, out, err)


def wait_for_records(process: subprocess.Popen[str], journal: Path, kind: str, count: int) -> None:
    """Until the journal of a running command holds so many records of a kind."""
    deadline = time.monotonic() + PATIENCE
    seal = f'"type":"{kind}"'.encode()
    while not journal.exists() or journal.read_bytes().count(seal) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"no {count} records of {kind}"
        time.sleep(0.02)
