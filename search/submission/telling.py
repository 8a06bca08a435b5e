"""The driver's side of the channel: an observer that puts the journal, line by line, into the job's log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from search.history import History, Record
from search.paths import RunPaths
from search.submission.channel import file_lines, journal_line

__all__ = ["Teller"]

_SMALL = 1 << 20  # bytes of a file that goes along; larger ones are fetched


class Teller:
    """Tells the journal of a run, from its beginning, and of its confirmation; and the small files that a report needs.

    `word`: of this submission, see `channel`. It reads what stands in the file: what is told is what is kept, and a
    driver that resumes tells what its predecessors wrote, too. Its stream is a file on the head: if it cannot be written
    to, the sweep goes on without it, and the journal is fetched afterwards.
    """

    def __init__(self, word: str, stream: TextIO | None = None) -> None:
        self._word, self._stream = word, sys.stdout if stream is None else stream
        self._root: Path | None = None
        self._journal: Path | None = None
        self._offset = 0

    def on_event(self, record: Record, history: History) -> None:
        """See `search.sweep.Observer`."""
        path = record.get("about", {}).get("path")
        if path is not None and record["type"] in ("sweep", "resume"):
            self._begin(RunPaths(Path(path)))
        self._tell(self._records())
        failure = record.get("failure") or record.get("after")
        if failure and failure.get("log") and self._journal is not None:
            self._tell(self._file(self._journal.parent / failure["log"]))

    def close(self) -> None:
        """One sweep is over; a confirmation may follow."""
        self._tell(self._records())
        if self._journal is not None:
            self._tell(self._file(RunPaths(self._journal.parent).data))

    def _begin(self, paths: RunPaths) -> None:
        if self._root is None:
            self._root = paths.root
            self._journal, self._offset = paths.confirmation.journal, 0
            self._tell(self._records())  # of an earlier driver: this one may have no reason to touch it
        self._journal, self._offset = paths.journal, 0
        self._tell(self._file(paths.settings))

    def _records(self) -> Iterator[str]:
        if self._root is None or self._journal is None or not self._journal.is_file():
            return
        name = self._journal.relative_to(self._root).as_posix()
        with open(self._journal, "rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                yield journal_line(self._word, name, self._offset, line)
                self._offset += len(line)

    def _file(self, file: Path) -> Iterator[str]:
        assert self._root is not None
        try:
            if 0 <= file.stat().st_size <= _SMALL:
                yield from file_lines(self._word, file.relative_to(self._root).as_posix(), file)
        except (OSError, ValueError):  # not there, or no file of this run
            return

    def _tell(self, lines: Iterator[str]) -> None:
        self._stream.writelines(lines)
        self._stream.flush()
