"""JSON Lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.records import Records
from trainables.errors import DataError

Read = Callable[..., Records]
Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        (
            ['{"x": 1}', "{x: 2}"],
            "row 2: no JSON: Expecting property name enclosed in double quotes at character 2",
        ),
        (['{"x": 1}', "[1]"], "row 2: holds a list; a line is an object"),
        (['{"x": 1, "x": 2}'], "row 1: names 'x' twice"),
        (['{"x": 1}', "", '{"x": {"y": 2}}'], "row 3, column 'x': holds a dict; a cell is a number, a text"),
        (['{"x": 1}', '{"x": Infinity}'], "row 2, column 'x': inf is not finite"),
        ([""], "holds no rows"),
    ],
)
def test_a_wrong_line_is_named(read: Read, write: Write, lines: list[str], rule: str) -> None:
    with pytest.raises(DataError, match=re.escape(rule)):
        read(write(*lines, name="t.jsonl"))


def test_keys_are_columns_and_what_a_line_lacks_is_missing(read: Read, write: Write) -> None:
    path = write('{"x": 1, "kind": "a"}', "", '{"kind": "b", "more": true}', '{"x": null}', name="t.jsonl")
    records = read(path)
    assert records.frame is not None
    assert list(records.frame.columns) == ["x", "kind", "more"]
    assert records.frame["kind"].tolist() == ["a", "b", None]
    assert records.frame["x"].isna().tolist() == [False, True, True]
    assert records.place(1) == "row 3"


def test_texts(read: Read, write: Write) -> None:
    path = write('{"text": "good", "label": "yes"}', '{"text": "bad", "label": "no"}', name="t.ndjson")
    records = read(path, {"columns.text": "text", "target": "label"})
    assert records.modality == "text"
    assert records.texts == ("good", "bad")
    assert records.targets is not None
    assert records.targets.tolist() == ["yes", "no"]
    assert records.extra is None


def test_not_utf8(read: Read, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b'{"x": "a"}\n{"x": "\xe9"}\n')
    with pytest.raises(DataError, match="row 2: not UTF-8 at byte 18"):
        read(tmp_path / "t.jsonl")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("1" * 5000, "row 2: cannot be read: Exceeds the limit"),
        ("[" * 100_000, "row 2: cannot be read: maximum recursion"),
        ("1" * 400, "row 2, column 'a': inf is not finite"),
    ],
)
def test_numbers_beyond_all_bounds_are_refused(read: Read, tmp_path: Path, cell: str, said: str) -> None:
    (tmp_path / "t.jsonl").write_text('{"a": 1, "y": 1}\n{"a": ' + cell + ', "y": 2}\n')
    with pytest.raises(DataError, match=re.escape(said)):
        read(tmp_path / "t.jsonl", {"target": "y"})
