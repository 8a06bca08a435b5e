"""Traps in a process: it dies by SIGKILL exactly where a name says, at the so-manieth passing.

The code under test is left as it is; the trap is set in the new process, before its command begins (`Driver(prepare=
partial(strike, "half appended", 7))`).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from search.history import History
from search.journal import FileJournal, encode
from search.runners import inline
from search.sweep import PassiveSweep
from trainables.host import Host

__all__ = ["POINTS", "RESUMING", "hold", "strike"]


class Trap:
    """Counts passings; the process is gone at the `hit`-th."""

    def __init__(self, hit: int) -> None:
        self._left = hit

    def due(self) -> bool:
        """Whether this passing is the one."""
        self._left -= 1
        return self._left == 0

    def spring(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)  # the signal is on its way

    def passed(self) -> None:
        if self.due():
            self.spring()


Setting = Callable[[Trap], None]


def _before(owner: Any, name: str) -> Setting:
    def install(trap: Trap) -> None:
        original = getattr(owner, name)

        def trapped(*arguments: Any, **options: Any) -> Any:
            trap.passed()
            return original(*arguments, **options)

        setattr(owner, name, trapped)

    return install


def _after(owner: Any, name: str) -> Setting:
    def install(trap: Trap) -> None:
        original = getattr(owner, name)

        def trapped(*arguments: Any, **options: Any) -> Any:
            answer = original(*arguments, **options)
            trap.passed()
            return answer

        setattr(owner, name, trapped)

    return install


def _half_appended(trap: Trap) -> None:
    original = FileJournal.append

    def append(journal: FileJournal, record: Any) -> None:
        if trap.due():
            line = encode(record)
            journal._file.write(line[: len(line) // 2])
            trap.spring()
        original(journal, record)

    FileJournal.append = append  # type: ignore[method-assign]


def _appended_not_synced(trap: Trap) -> None:
    original = FileJournal.append

    def append(journal: FileJournal, record: Any) -> None:
        if trap.due():
            journal._file.write(encode(record))
            trap.spring()
        original(journal, record)

    FileJournal.append = append  # type: ignore[method-assign]


POINTS: dict[str, Setting] = {
    "before asking": _before(PassiveSweep, "ask"),
    "asked": _after(PassiveSweep, "ask"),
    "before the start": _before(PassiveSweep, "start"),
    "started": _after(PassiveSweep, "start"),
    "before the result": _before(PassiveSweep, "report"),
    "reported": _after(PassiveSweep, "report"),
    "before the checkpoint": _before(inline, "write_checkpoint"),
    "checkpoint written, not renamed": _before(os, "rename"),
    "checkpoint renamed": _after(os, "rename"),
    "before old checkpoints go": _before(inline, "prune"),
    "old checkpoints gone": _after(inline, "prune"),
    "before closing": _before(PassiveSweep, "close"),
    "closed": _after(PassiveSweep, "close"),
    "before appending": _before(FileJournal, "append"),
    "half appended": _half_appended,
    "appended, not synced": _appended_not_synced,
    "appended": _after(FileJournal, "append"),
    "before it waits for the disk": _before(FileJournal, "sync"),
    "on the disk": _after(FileJournal, "sync"),
    "before a file is renamed": _before(os, "replace"),
    "file renamed": _after(os, "replace"),
}

RESUMING: dict[str, Setting] = {
    "replaying": _before(History, "apply"),
    "replayed": _before(PassiveSweep, "_record"),
    "half appended": _half_appended,
    "before the start": _before(PassiveSweep, "start"),
    "going on from a checkpoint": _before(Host, "_load"),
}


def strike(point: str, hit: int) -> None:
    """Set the trap of that name in this process, for its `hit`-th passing, from 1."""
    {**RESUMING, **POINTS}[point](Trap(hit))


def hold(records: int) -> None:
    """No trap, but a halt: once this process has appended so many records, it waits to be killed.

    Whoever is to kill it may be late, on a busy machine: a whole sweep would be over by then.
    """
    original, trap = FileJournal.append, Trap(records)

    def append(journal: FileJournal, record: Any) -> None:
        original(journal, record)
        if trap.due():
            time.sleep(3600)

    FileJournal.append = append  # type: ignore[method-assign]
