"""The same rows are the same records, whichever kind of file they come from."""

from __future__ import annotations

import csv
import json
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from trainables.data.section import read_section
from trainables.data.sources import read_records

pytest.importorskip("sqlalchemy", reason="databases are read through SQLAlchemy: pip install 'tuneyard[sql]'")

Rows = list[tuple[Any, ...]]

NAMES = ("whole", "part", "label", "gone", "y")


def rows() -> st.SearchStrategy[Rows]:
    missing = st.none()
    label = (
        st.text("abcäöü \",;'\n|xyz\t", min_size=1, max_size=8)
        .map(str.strip)
        .filter(bool)
        .map("kind {}".format)
    )
    part = st.floats(allow_nan=False, allow_infinity=False)
    row = st.tuples(
        st.integers(-(2**62), 2**62), part | missing, label | missing, missing, st.sampled_from(["no", "yes"])
    )
    return st.lists(row, min_size=1, max_size=12)


def write_csv(path: Path, rows: Rows) -> str:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([NAMES, *rows])
    return str(path)


def write_jsonl(path: Path, rows: Rows) -> str:
    lines = (json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=False) for row in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def write_parquet(path: Path, rows: Rows) -> str:
    parquet.write_table(pa.table(dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True))), path)
    return str(path)


def write_sqlite(path: Path, rows: Rows) -> str:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE t ({', '.join(NAMES)})")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
    return str(path)


WRITERS: dict[str, Callable[[Path, Rows], str]] = {
    "t.csv": write_csv,
    "t.jsonl": write_jsonl,
    "t.parquet": write_parquet,
    "t.db": write_sqlite,
}


@settings(max_examples=40, deadline=None)
@given(rows=rows())
def test_every_format_gives_the_same_records(rows: Rows) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for name, write in WRITERS.items():
            options = {"query": "SELECT * FROM t ORDER BY rowid"} if name == "t.db" else {}
            source = write(Path(folder) / name, rows)
            found.append(read_records(read_section({"source": source, "target": "y", **options})))
    for records in found:
        assert records.frame is not None
        assert records.frame["whole"].tolist() == [row[0] for row in rows]
        assert [None if value != value else value for value in records.frame["part"].tolist()] == [
            r[1] for r in rows
        ]
        assert records.frame["y"].tolist() == [row[4] for row in rows]
        assert not records.repairs
    assert len({records.fingerprint for records in found}) == 1
