"""What was asked and answered, kept for `tuneyard monitor`: lines that survive a crash, closed as Parquet.

```
LOG/
  predictions-20260501T120000123456-7f3a9c01.jsonl    open: one line a row, written at once, locked by its writer
  predictions-20260501T110000654321-7f3a9c01.parquet  closed: the same rows as columns
  labels-....jsonl, labels-....parquet        what /feedback was told
```

Each process writes files of its own. A file of a process that died is closed by the next one that starts.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import secrets
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from deploy.errors import DeployError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["INPUT", "PROBABILITY", "LogWriter", "read_lines"]

INPUT, PROBABILITY = "in.", "p."
"""How columns begin that hold a field of the input, or the probability of a class."""

_log = logging.getLogger("tuneyard.serve")


class LogWriter:
    """Appends rows of one kind to a folder.

    A row is flat: column -> text, number, true, false or None. Lines are with the system when `write` returns: a killed
    process loses none of them.

    Args:
        folder: made where it is missing, for this user alone: a log holds what people sent.
        kind: how the files' names begin.
        rows, age: a file is closed after so many rows, or seconds.
        most_bytes: of all files of this kind that are closed; the oldest are removed.

    Raises:
        DeployError: the folder cannot be written.
    """

    def __init__(self, folder: Path, kind: str, rows: int, age: float, most_bytes: int) -> None:
        self._folder, self._kind, self._rows, self._age, self._most = folder, kind, rows, age, most_bytes
        self._file: tuple[Path, IO[bytes]] | None = None
        self._written, self._begun = 0, 0.0
        self._closer = ThreadPoolExecutor(1, thread_name_prefix="log")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not os.access(folder, os.W_OK):
                raise PermissionError(13, "it cannot be written")
        except OSError as error:
            raise DeployError(
                f"the log folder {folder}: {error.strerror}. Name another: --log DIR, or --no-log"
            ) from error
        for left in sorted(folder.glob(f"{kind}-*.jsonl")):
            self._closer.submit(self._close_left, left)

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows.

        Raises:
            OSError: the disk is full, or the folder is gone.
        """
        lines = b"".join(json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows)
        now = time.monotonic()
        if self._file is not None and (self._written >= self._rows or now - self._begun >= self._age):
            self._rotate()
        if self._file is None:
            self._file = self._open()
            self._written, self._begun = 0, now
        self._append(self._file[1], lines)
        self._written += lines.count(b"\n")

    @staticmethod
    def _append(file: IO[bytes], lines: bytes) -> None:
        """All of the lines or none: a half one that a full disk leaves would spoil the next one, too."""
        size, left = os.fstat(file.fileno()).st_size, memoryview(lines)
        try:
            while left:
                left = left[file.write(left) :]
        except OSError:
            os.ftruncate(file.fileno(), size)
            raise

    def close(self) -> None:
        """Close the file as Parquet, and wait until that is done."""
        self._rotate()
        self._closer.shutdown()

    def _open(self) -> tuple[Path, IO[bytes]]:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        path = self._folder / f"{self._kind}-{stamp}-{secrets.token_hex(4)}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        file = os.fdopen(os.open(path, flags, 0o600), "ab", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return path, file
        file.close()  # another server that starts took it for one that was left, before it was locked
        return self._open()

    def _rotate(self) -> None:
        if self._file is not None:
            (path, file), self._file = self._file, None
            self._closer.submit(self._finish, path, file)

    def _finish(self, path: Path, file: IO[bytes]) -> None:
        with file:  # locked until it is closed
            self._to_parquet(path)

    def _close_left(self, path: Path) -> None:
        """A file whose writer died: nobody holds its lock."""
        with contextlib.suppress(OSError), open(path, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._to_parquet(path)

    def _to_parquet(self, path: Path) -> None:
        try:
            rows = read_lines(path)
            if rows:
                import pyarrow.parquet as pq

                new = path.with_suffix(".part")
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
                with os.fdopen(os.open(new, flags, 0o600), "wb") as file:
                    pq.write_table(_table(rows), file, compression="zstd")
                os.replace(new, path.with_suffix(".parquet"))
            path.unlink()
            self._forget_oldest()
        except Exception:  # the lines stay as they are, and are read as they are
            _log.exception("%s could not be closed as Parquet", path.name)

    def _forget_oldest(self) -> None:
        closed = sorted(self._folder.glob(f"{self._kind}-*.parquet"))  # by time: it is in the name
        sizes = {path: path.stat().st_size for path in closed}
        while closed and sum(sizes[path] for path in closed) > self._most:
            closed.pop(0).unlink()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of an open file; a torn last line is dropped."""
    rows = []
    for line in path.read_bytes().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Any]) -> pa.Array:
    """Numbers as float64, true and false as such, everything else as text; missing ones stay missing."""
    import pyarrow as pa

    some = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in some) and some:
        return pa.array(values, pa.bool_())
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in some) and some:
        return pa.array(values, pa.float64(), from_pandas=True)
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode("utf-8")
