"""Predictions into a file, a chunk at a time; it appears when it is whole."""

from __future__ import annotations

import csv
import json
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.errors import DeployError

__all__ = ["ENDINGS", "Table", "opened_table"]

ENDINGS = (".csv", ".parquet", ".jsonl")

Table = Callable[[Sequence[Sequence[Any]]], None]
"""Takes columns of equal length, in the order of their names, and appends their rows."""


@contextmanager
def opened_table(path: Path, names: Sequence[str]) -> Iterator[Table]:
    """A table to append rows to; in place at the end of the block, and gone if that fails.

    Raises:
        DeployError: the name has none of `ENDINGS`.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise DeployError(
            f"-o {path}: predictions are written as {', '.join(ENDINGS)}; end its name in one of these"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    writing = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with _WRITERS[ending](writing, names) as append:
            yield append
        os.replace(writing, path)
    finally:
        writing.unlink(missing_ok=True)


@contextmanager
def _csv(path: Path, names: Sequence[str]) -> Iterator[Table]:
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        yield lambda columns: writer.writerows(zip(*(map(_cell, each) for each in columns), strict=True))


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would compute is quoted, as in trials.csv; a label that is a number is none."""
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


@contextmanager
def _jsonl(path: Path, names: Sequence[str]) -> Iterator[Table]:
    with path.open("w", encoding="utf-8", errors="backslashreplace") as stream:

        def append(columns: Sequence[Sequence[Any]]) -> None:
            for row in zip(*columns, strict=True):
                told = {name: None if cell != cell else cell for name, cell in zip(names, row, strict=True)}
                stream.write(json.dumps(told, ensure_ascii=False) + "\n")

        yield append


@contextmanager
def _parquet(path: Path, names: Sequence[str]) -> Iterator[Table]:
    import pyarrow as pa
    from pyarrow import parquet

    held: list[Any] = []

    def append(columns: Sequence[Sequence[Any]]) -> None:
        table = pa.table([pa.array(column) for column in columns], names=list(names))
        if not held:
            held.append(parquet.ParquetWriter(path, table.schema))
        held[0].write_table(table.cast(held[0].schema))

    try:
        yield append
        if not held:
            parquet.write_table(pa.table({name: pa.array([], pa.null()) for name in names}), path)
    finally:
        for writer in held:
            writer.close()


_WRITERS = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
