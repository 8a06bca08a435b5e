"""Text files of separated values: CSV and TSV, gzipped or not."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Sequence, Set
from pathlib import Path

from trainables.data.dataset import Repair
from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.columns import MISSING, type_texts
from trainables.data.sources.frames import check_columns, check_names, records_of_frame
from trainables.data.sources.origin import Origin, Places
from trainables.errors import DataError

__all__ = ["decode", "read_delimited"]

SEPARATORS = ",;\t|"
LONGEST_CELL = 10_000_000
LONGEST_MARK = max(map(len, MISSING))


def read_delimited(path: Path, section: Section, target: str | None = None) -> Records:
    """Read a text file: UTF-8 (a byte order mark is skipped), one line of names, then a row a line.

    The separator is the one of comma, semicolon, tab and bar that stands in the line of names most often.
    Missing are the empty cell and na, n/a, nan, null, none and ? in any case; in a column of texts only the
    empty cell. Empty lines are skipped. Numbers may have a decimal comma (1,5; 1.234,5) or commas between thousands
    (1,234.5), the same throughout a column, which is counted as a repair.

    Args:
        path: of the file; ".gz" at its end says that it is compressed.
        section: the data section.
        target: the column to predict where the section names none.

    Raises:
        DataError: not UTF-8, no rows, a ragged row, a repeated or empty name, or a cell against its column;
            rows are counted as lines of the file.
    """
    import pandas as pd

    names, rows, lines = _rows(path)
    origin = Origin(str(path), Places("row", tuple(lines)))
    check_names(names, origin.name)
    check_columns(names, section, origin.name, target)
    kinds = section.columns()
    columns = {}
    repairs: tuple[Repair, ...] = ()
    for name, cells in zip(names, zip(*rows, strict=True), strict=True):
        kind = kinds.get(name)
        if kind == "ignore":
            continue
        present = _present(cells, {""} if kind == "text" else MISSING)
        columns[name], repair = type_texts(name, present, kind, origin)
        repairs += repair
    return records_of_frame(pd.DataFrame(columns), section, origin, repairs=repairs, target=target)


def _present(cells: Sequence[str], missing: Set[str]) -> list[str | None]:
    """The cells without the blanks around them; None where one says that it is missing."""
    stripped = list(map(str.strip, cells))
    gone = {cell for cell in stripped if len(cell) <= LONGEST_MARK and cell.lower() in missing}
    return [None if cell in gone else cell for cell in stripped]


def _rows(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """The names, the rows, and the line that each row begins at."""
    text = decode(_bytes(path), str(path))
    first = text.partition("\n")[0]
    csv.field_size_limit(LONGEST_CELL)
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    numbered, begin = [], 1
    try:
        for row in reader:
            if row:
                numbered.append((begin, row))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, row {begin}: {error}; is a quote left open?") from error
    if len(numbered) < 2:
        raise DataError(f"{path}: a line of column names and at least one row are needed")
    names = [name.strip() for name in numbered[0][1]]
    for line, row in numbered[1:]:
        if len(row) != len(names):
            more = f"; quote a cell that holds a {separator!r}" if len(row) > len(names) else ""
            raise DataError(
                f"{path}, row {line}: {len(row)} cells where the first line names {len(names)}{more}"
            )
    return names, [row for _, row in numbered[1:]], [line for line, _ in numbered[1:]]


def _bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError) as error:
        raise DataError(f"cannot read {path}: {error}") from error


def decode(content: bytes, name: str) -> str:
    """The text of a file, its byte order mark left out.

    Raises:
        DataError: it is not UTF-8; says the byte, the line, and what it may be instead.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{name}: is UTF-16; convert the file to UTF-8: iconv -f UTF-16 -t UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name}, row {line}: not UTF-8 at byte {error.start}; convert the file to UTF-8, "
            "from Windows say: iconv -f WINDOWS-1252 -t UTF-8"
        ) from error
