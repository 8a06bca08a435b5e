"""Rows from outside, a chunk at a time: whatever the size of the file, the memory stays the same."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from deploy.errors import DeployError
from trainables.errors import DataError

__all__ = ["ENDINGS", "Chunk", "chunks_of"]

SEPARATORS = ",;\t|"
LONGEST_CELL = 10_000_000

ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".jsonl", ".ndjson", ".parquet", ".npz")
_DATABASES = (".db", ".sqlite", ".sqlite3")


@dataclass(frozen=True)
class Chunk:
    """Some rows that follow each other.

    Attributes:
        rows: of each its number: the line of a text file, the name of a picture's file, else counted from 1.
        records: as `Schema.check` takes them; a string that begins with a NUL says why a row could not be read.
        texts: whether cells are texts.
    """

    rows: tuple[int | str, ...]
    records: tuple[Any, ...]
    texts: bool = False


def chunks_of(source: str, size: int, *, query: str | None = None) -> Iterator[Chunk]:
    """The rows of a source.

    Args:
        source: a file with one of `ENDINGS`; a folder of pictures; a database URL or an SQLite file, with a query.
        size: rows of a chunk.

    Raises:
        DeployError: it cannot be told what the source holds.
        DataError: it cannot be read; a row that alone cannot be read is a fault of that row.
    """
    lower = source.lower()
    if "://" in source or lower.endswith(_DATABASES):
        return _database(source, query, size)
    if query is not None:
        raise DeployError(f"--query: only a database has one, and {source} is none; leave it out")
    path = Path(source)
    if not path.exists():
        raise DeployError(f"there is no file {source}")
    if path.is_dir():
        return _pictures(path, size)
    if lower.endswith((".jsonl", ".ndjson")):
        return _lines(path, size)
    if lower.endswith(".parquet"):
        return _parquet(path, size)
    if lower.endswith(".npz"):
        return _archive(path, size)
    if lower.endswith(ENDINGS):
        return _delimited(path, size)
    raise DeployError(
        f"cannot tell what {source} holds; a file ends in {', '.join(ENDINGS)}, or is a folder of pictures"
    )


UNREADABLE = "\0"
"""Begins a record that stands for a row which could not be read; the rest of it says why."""


def _grouped(rows: Iterator[tuple[int | str, Any]], size: int, *, texts: bool = False) -> Iterator[Chunk]:
    numbers: list[int | str] = []
    records: list[Any] = []
    for number, record in rows:
        numbers.append(number)
        records.append(record)
        if len(numbers) == size:
            yield Chunk(tuple(numbers), tuple(records), texts)
            numbers, records = [], []
    if numbers:
        yield Chunk(tuple(numbers), tuple(records), texts)


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """A text file in UTF-8, compressed or not; what cannot be decoded is one odd character, and so a fault of its row."""
    packed = path.name.lower().endswith(".gz")
    try:
        with (
            (gzip.open if packed else open)(path, "rb") as raw,
            io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="") as text,
        ):
            yield text
    except (OSError, EOFError) as error:
        raise DataError(f"cannot read {path}: {error}") from error


def _delimited(path: Path, size: int) -> Iterator[Chunk]:
    with _opened(path) as text:
        first = text.readline()
        if not first.strip():
            raise DataError(f"{path}: the first line names no columns")
        separator = max(SEPARATORS, key=first.count)
        names = [name.strip() for name in next(csv.reader([first], delimiter=separator))]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(f"{path}: two columns are named {twice!r}; rename one")
        yield from _grouped(_cells(text, names, separator, str(path)), size, texts=True)


def _cells(text: IO[str], names: list[str], separator: str, path: str) -> Iterator[tuple[int | str, Any]]:
    csv.field_size_limit(LONGEST_CELL)
    reader, begin = csv.reader(text, delimiter=separator, strict=True), 2
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield begin, f"{UNREADABLE}cannot be read: {error}; is a quote left open?"
            begin = reader.line_num + 2
            continue
        if len(cells) == len(names):
            yield begin, dict(zip(names, cells, strict=True))
        elif cells:
            yield begin, f"{UNREADABLE}has {len(cells)} cells where the first line names {len(names)}"
        begin = reader.line_num + 2


def _lines(path: Path, size: int) -> Iterator[Chunk]:
    def rows(text: IO[str]) -> Iterator[tuple[int | str, Any]]:
        for number, line in enumerate(text, 1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except (ValueError, RecursionError) as error:
                    yield number, f"{UNREADABLE}is no JSON: {str(error)[:100]}"

    with _opened(path) as text:
        yield from _grouped(rows(text), size)


def _parquet(path: Path, size: int) -> Iterator[Chunk]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            begin = 1
            for batch in file.iter_batches(batch_size=size):
                records = tuple(map(_plain, batch.to_pylist()))
                yield Chunk(tuple(range(begin, begin + len(records))), records)
                begin += len(records)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot read {path}: {error}") from error


def _database(source: str, query: str | None, size: int) -> Iterator[Chunk]:
    from trainables.data.sources.database import stream_rows

    if query is None:
        raise DeployError(
            f"a database needs a query: --query 'SELECT ... FROM ...' ({source.partition('://')[0]})"
        )
    url = source if "://" in source else f"sqlite:///{source}"
    begin = 1
    for part in stream_rows(url, query, size):
        yield Chunk(tuple(range(begin, begin + len(part))), tuple(map(_plain, part)))
        begin += len(part)


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """NaN is what a frame writes for missing."""
    import decimal

    def cell(value: Any) -> Any:
        if isinstance(value, decimal.Decimal):
            return float(value)
        return None if isinstance(value, float) and value != value else value

    return {name: cell(value) for name, value in record.items()}


def _archive(path: Path, size: int) -> Iterator[Chunk]:
    import zipfile

    import numpy as np

    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            name = "x" if "x" in archive.files else archive.files[0]
            array = archive[name]
    except (OSError, EOFError, ValueError, TypeError, IndexError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    for start in range(0, len(array), size):
        part = array[start : start + size]
        yield Chunk(tuple(range(start + 1, start + 1 + len(part))), tuple(part))


def _pictures(root: Path, size: int) -> Iterator[Chunk]:
    from trainables.data.sources.image_folders import IMAGE_ENDINGS

    files = sorted(each for each in root.rglob("*") if each.name.lower().endswith(IMAGE_ENDINGS))
    if not files:
        raise DeployError(f"{root} holds no pictures ({', '.join(IMAGE_ENDINGS)})")

    def rows() -> Iterator[tuple[int | str, Any]]:
        for file in files:
            try:
                yield file.relative_to(root).as_posix(), file.read_bytes()
            except OSError as error:
                yield file.relative_to(root).as_posix(), f"{UNREADABLE}cannot be read: {error.strerror}"

    yield from _grouped(rows(), size)
