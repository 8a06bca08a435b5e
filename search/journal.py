"""The append-only record of a sweep: the one source of truth.

One JSON object a line, closed by a CRC-32 of the line before it. A record is written, in order, before anybody learns of
it: the death of the driver loses none. From then on it is on its way to the disk; who must not lose it to a power cut
waits for that (`sync`). The last line may be torn by a crash: it was never acknowledged, so it is dropped, and the
next append writes over it. Anything else that does not read is damage, and is refused by line number.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import math
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from search.errors import JournalError, LockedError, TrustError

__all__ = [
    "FileJournal",
    "Journal",
    "MemoryJournal",
    "RunLock",
    "decode",
    "iterate_journal",
    "lock_holder",
    "read_journal",
]

log = logging.getLogger(__name__)

FORMAT = 1
_SEAL = len(',"crc":"00000000"}')
_GATHERING = 0.001
"""Seconds between an fsync and the next, so that one takes all records of an event along."""
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_Read = TypeVar("_Read")


class Journal(Protocol):
    """Where a sweep puts its records."""

    def append(self, record: Mapping[str, Any]) -> None:
        """Keep one record; when this returns, it outlives this process."""

    def sync(self) -> None:
        """Wait until everything appended so far outlives the machine's power, too."""

    def close(self) -> None:
        """No more records will come."""


class MemoryJournal:
    """A journal that lives as long as the process: simulations, unit tests."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def append(self, record: Mapping[str, Any]) -> None:
        self.records.append(dict(record))

    def sync(self) -> None:
        pass

    def close(self) -> None:
        pass


class FileJournal:
    """The journal of a run directory, open for appending. Hold the `RunLock` while it is open.

    A thread brings what is written to the disk (fsync), at once and again as long as there is more: so a record is there
    a millisecond and an fsync or two after it was appended, and only `sync` waits for that.

    Opening drops a torn last line. Raises JournalError: damage before the last line; a write that fails (disk full):
    what was written of it is taken back, so the file stays sound; an fsync that failed, at the next append or sync.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = False
        sound = 0
        if path.exists():
            sound = max((end for _, end in _scan(path, _body)), default=0)  # records: whoever needs them
            self.torn = path.stat().st_size > sound
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by close()
        if self.torn:
            log.warning(
                "%s: the last record was torn by a crash and is dropped; nothing was decided on it", path
            )
            self._file.truncate(sound)
            os.fsync(self._file.fileno())
        self._size = self._synced = sound  # bytes that hold whole records; of these, on the disk
        self._changed = threading.Condition()
        self._failure: OSError | ValueError | None = None
        self._closing = self._syncing = False
        self._syncer = threading.Thread(target=self._keep_syncing, name="journal", daemon=True)
        self._syncer.start()
        _sync_directory(path.parent)

    def append(self, record: Mapping[str, Any]) -> None:
        line = encode({**record, "t": datetime.now(UTC).isoformat(timespec="milliseconds")})
        with self._changed:
            self._check()
            try:
                written = self._file.write(line)
                if written != len(line):
                    raise OSError(f"wrote {written} of {len(line)} bytes")
            except (OSError, ValueError) as error:  # ValueError: closed by _take_back
                self._take_back()
                raise JournalError(
                    f"{self.path}: cannot write ({error}). Nothing recorded so far is lost. {self._remedy}"
                ) from error
            self._size += len(line)
            self._changed.notify_all()

    def sync(self) -> None:
        with self._changed:
            size = self._size
            # Two fsyncs at a time only wait for each other, and one that has begun may take this along.
            self._changed.wait_for(lambda: self._synced >= size or not self._syncing or self._failure)
            self._check()
            if self._synced >= size:
                return
            self._syncing, size = True, self._size
        failure: OSError | ValueError | None = None
        try:
            os.fsync(self._file.fileno())
        except (OSError, ValueError) as error:  # ValueError: closed by _take_back
            failure = error
        with self._changed:
            self._syncing = False
            if failure is None:
                self._synced = size
            else:
                self._failure = failure
            self._changed.notify_all()
            self._check()

    def _keep_syncing(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._synced < self._size or self._closing)
                if self._synced == self._size:
                    return
            try:
                self.sync()
            except JournalError:  # said at the next append or sync
                return
            if not self._closing:
                time.sleep(_GATHERING)

    def _check(self) -> None:
        if self._failure is not None:
            raise JournalError(
                f"{self.path}: the disk did not take what was written last ({self._failure}); what it has is sound. "
                f"{self._remedy}"
            )

    @property
    def _remedy(self) -> str:
        return f"Free some space, then: tuneyard resume {self.path.parent}"

    def _take_back(self) -> None:
        try:
            self._file.truncate(self._size)
        except (OSError, ValueError):
            with contextlib.suppress(OSError):
                self._file.close()  # nothing may follow a torn line; the next opening drops it

    def close(self) -> None:
        """Wait for the disk, and end. Raises nothing: what could not be written has been said by `sync`."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._syncer.join()
        self._file.close()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """All records of a journal, without taking a lock; a torn last line is left out.

    Raises JournalError: no journal, an empty one, another format, or damage (names the line).
    """
    return list(iterate_journal(path))


def iterate_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a journal one by one: a million of them as a list take a gigabyte. Raises as `read_journal`."""
    if not path.is_file():
        raise JournalError(f"{path}: no journal; this is not a run directory")
    records = (record for record, _ in _scan(path, decode))
    header = next(records, None)
    if not isinstance(header, dict) or header.get("type") != "sweep":
        raise JournalError(
            f"{path}: has no header record; the sweep was killed before it began. Delete it and run again"
        )
    if header.get("format") != FORMAT:
        raise JournalError(
            f"{path}: journal format {header.get('format')!r}, this version reads {FORMAT}. Use the version that "
            f"wrote it: {_writer(header)}"
        )
    yield header
    yield from records


def _writer(header: Mapping[str, Any]) -> str:
    try:
        return str(header["about"]["versions"]["tuneyard"])[:40]
    except (LookupError, TypeError):
        return "unknown"


def encode(record: Mapping[str, Any]) -> bytes:
    """A record as its line in the journal."""
    metrics = record.get("metrics")
    if metrics is not None and not all(map(math.isfinite, metrics.values())):
        record = {**record, "metrics": {k: v if math.isfinite(v) else str(v) for k, v in metrics.items()}}
    body = _ENCODER.encode(record)[:-1].encode()
    return body + b',"crc":"%08x"}\n' % zlib.crc32(body)


def decode(line: bytes) -> dict[str, Any]:
    """The record of a journal's line, without its newline. Raises ValueError: damaged."""
    record: dict[str, Any] = json.loads((_body(line) + b"}").decode())
    metrics = record.get("metrics")
    if isinstance(metrics, dict):
        for name, value in metrics.items():
            if isinstance(value, str):
                metrics[name] = float(value)
    return record


def _body(line: bytes) -> bytes:
    """A line without its seal, which fits. Raises ValueError: it does not."""
    body, seal = line[:-_SEAL], line[-_SEAL:]
    if seal != b',"crc":"%08x"}' % zlib.crc32(body):
        raise ValueError("its checksum does not fit")
    return body


def check_lines(lines: bytes) -> None:
    """Raises ValueError: not whole records of a journal, each with its checksum; says which line of `lines` is not."""
    for number, line in enumerate(lines.splitlines(keepends=True), start=1):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("it has no end")
            decode(line.removesuffix(b"\n"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"line {number}: {error}") from None


def _scan(path: Path, read: Callable[[bytes], _Read]) -> Iterator[tuple[_Read, int]]:
    """(what `read` makes of a record's line, offset of its end), up to a torn last line."""
    offset = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = read(line.removesuffix(b"\n"))
                if not line.endswith(b"\n"):
                    raise ValueError("it has no end")
            except (ValueError, RecursionError) as error:
                if not line.endswith(
                    b"\n"
                ):  # only the last line can be without an end: it was never acknowledged
                    return
                raise JournalError(
                    f"{path}:{number}: damaged record ({error}). Restore this file from a copy; everything before "
                    f"line {number} is sound"
                ) from None
            offset += len(line)
            yield record, offset


def _sync_directory(path: Path) -> None:
    """Make a new file's name survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class RunLock:
    """At most one driver for a run directory. The operating system frees it when its holder dies, however it dies.

    Raises LockedError: naming pid and host of the holder.
    """

    def __init__(self, path: Path) -> None:
        import fcntl
        import socket

        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = open(path, "a+", opener=_no_link)  # noqa: SIM115 - held until release()
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise TrustError(f"{path} is a link, and what it means would be written to. Remove it") from None
        for patience in (0.05, 0.1, 0.2, None):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if (
                    patience is not None
                ):  # a reader looking at the lock of a dead holder has it for an instant
                    time.sleep(patience)
                    continue
            self._file.seek(0)
            holder = self._file.read(200).strip() or "another process"
            self._file.close()
            raise LockedError(
                f"{path.parent}: {holder} is working on this run. Wait for it, or stop it, then resume"
            )
        self._file.truncate(0)
        self._file.write(f"pid {os.getpid()} on {socket.gethostname()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let the next driver in."""
        self._file.truncate(0)
        self._file.close()


def _no_link(path: str, flags: int) -> int:
    """Open a lock: not what a link means, and without waiting for the other end of a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)


def lock_holder(path: Path) -> str | None:
    """Who holds the lock of a run ("pid 123 on host"), or None. Reading takes no lock of its own for long."""
    import fcntl

    try:
        with open(path, errors="replace", opener=_no_link) as file:
            holder = file.read(200).strip()
            if not holder:
                return None  # released in order; a lock taken this instant is seen the next time
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return holder
            return None
    except OSError:
        return None
