"""A process under watch: what Python executed, unpickled, started, connected to and wrote, told by Python itself (PEP 578).

The hook is put in by a `sitecustomize` of its own on PYTHONPATH, so every Python process below the first is watched, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

__all__ = ["Event", "command_line", "watch", "watched"]

_HOOK = """
    import json, os, sys

    _log = os.open(os.environ["TUNEYARD_WATCH"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    _told = {"pickle.find_class", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn",
             "socket.connect", "socket.sendto", "ctypes.dlopen"}

    def _tell(event, *values):
        line = json.dumps([event, os.getpid(), *(os.fsdecode(v) if isinstance(v, bytes) else str(v) for v in values)])
        os.write(_log, line.encode() + b"\\n")

    def _hook(event, arguments):
        if event == "exec":
            _tell(event, getattr(arguments[0], "co_filename", ""))
        elif event == "open":
            path, _, flags = arguments
            if not isinstance(path, int) and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                _tell("write", os.path.abspath(os.fsdecode(path)))
        elif event == "socket.connect" or event == "socket.sendto":
            _tell(event, int(arguments[0].family), arguments[-1])
        elif event in _told:
            _tell(event, *arguments)

    sys.addaudithook(_hook)
"""

_COMMANDS = """
    import json, sys
    from tuneyard.__main__ import main

    for command in json.loads(sys.argv[1]):
        print("$", *command, flush=True)
        print("exit code", main(command), flush=True)
"""


@dataclass(frozen=True)
class Event:
    """What happened: `kind` is Python's name of the audit event, or `write`; `what`: its arguments as text."""

    kind: str
    pid: int
    what: tuple[str, ...]


def watch(folder: Path) -> dict[str, str]:
    """The environment in which Python processes are watched; their events come to `watched(folder)`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(dedent(_HOOK))
    return {
        "TUNEYARD_WATCH": str(folder / "events"),
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def watched(folder: Path) -> list[Event]:
    """What the processes did, in order."""
    lines = (folder / "events").read_text().splitlines()
    return [Event(kind, pid, tuple(what)) for kind, pid, *what in map(json.loads, lines)]


def command_line(
    commands: Sequence[Sequence[str]], *, cwd: Path, folder: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Commands of `tuneyard`, one after the other in one watched process that begins as its console script does: the
    current directory is not where modules are looked for."""
    environment = watch(folder)  # first: it makes the folder
    launcher = folder / "launcher.py"
    launcher.write_text(dedent(_COMMANDS))
    return subprocess.run(
        [sys.executable, str(launcher), json.dumps([list(map(str, each)) for each in commands])],
        cwd=cwd,
        env={**os.environ, **environment, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=240,
    )
