"""What a driver on a cluster tells whoever follows it: lines of its job's log, beside what it prints for people.

    @@3fa92c10 record journal.jsonl 0 {"type":"sweep",...,"crc":"1b2c3d4e"}
    @@3fa92c10 file trials/t00003/failure-1.txt 0 512 4f2e...aa bGluZ...
    @@3fa92c10 done . 17 20480

A record is a line of a journal as it is on disk, with the offset at which it stands: whoever reads the log from its
beginning, as often as he likes, ends with the same bytes. A file comes in pieces: offset, size of the whole, SHA-256 of
the whole, base64. Where files were asked for, the last line counts them and their bytes. The word after `@@` is that of one submission; lines of an earlier one in the same log are skipped.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Done",
    "FilePiece",
    "JournalLine",
    "Said",
    "done_line",
    "file_lines",
    "is_machine_line",
    "journal_line",
    "read_line",
]

_PIECE = 192 * 1024  # bytes of a file a line: Ray's log stream hands on whole lines
_LINE = re.compile(r"@@([0-9a-f]{8,64}) (record|file|done) (\S+) (\d{1,15}) ([^\n]*)\n?")
_WHOLE = re.compile(r"(\d{1,15}) ([0-9a-f]{64}) ([A-Za-z0-9+/=]*)")


@dataclass(frozen=True)
class JournalLine:
    """A line of a journal. `path`: in the run directory. `offset`: bytes before it. `line`: with its newline."""

    path: str
    offset: int
    line: bytes


@dataclass(frozen=True)
class FilePiece:
    """A piece of a file. `path`: in the run directory. `size`, `sha256`: of the whole file."""

    path: str
    offset: int
    data: bytes
    size: int
    sha256: str


@dataclass(frozen=True)
class Done:
    """The end of what was asked for."""

    files: int
    bytes: int


Said = JournalLine | FilePiece | Done


def journal_line(word: str, path: str, offset: int, line: bytes) -> str:
    """A line of a journal (with its newline) as a line of the log."""
    return f"@@{word} record {path} {offset} {line.decode('ascii')}"


def file_lines(word: str, path: str, file: Path) -> Iterator[str]:
    """A file as lines of the log, at least one. Raises OSError: it cannot be read."""
    with open(file, "rb") as source:
        whole = hashlib.file_digest(source, "sha256").hexdigest()
        size = source.tell()
        source.seek(0)
        for offset in range(0, max(size, 1), _PIECE):
            text = base64.b64encode(source.read(min(_PIECE, size - offset))).decode()
            yield f"@@{word} file {path} {offset} {size} {whole} {text}\n"


def done_line(word: str, files: int, total: int) -> str:
    """The end, as a line of the log."""
    return f"@@{word} done . {files} {total}\n"


def read_line(word: str, line: str) -> Said | None:
    """What a line of the log says; None for what people are to read, or for another submission's word."""
    found = _LINE.fullmatch(line)
    if found is None or found[1] != word:
        return None
    path, offset, rest = found[3], int(found[4]), found[5]
    if found[2] == "record":
        return JournalLine(path, offset, f"{rest}\n".encode())
    if found[2] == "done":
        return Done(offset, int(rest)) if rest.isascii() and rest.isdigit() else None
    whole = _WHOLE.fullmatch(rest)
    if whole is None:
        return None
    try:
        data = base64.b64decode(whole[3], validate=True)
    except binascii.Error:
        return None
    return FilePiece(path, offset, data, int(whole[1]), whole[2])


def is_machine_line(line: str) -> bool:
    """Whether a line of the log is for a program, whatever submission it belongs to."""
    return _LINE.fullmatch(line) is not None
