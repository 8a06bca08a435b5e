"""Parquet: types come from the file; what cannot be a cell is refused."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from trainables.data.records import Records
from trainables.errors import DataError

Read = Callable[..., Records]


def store(path: Path, columns: dict[str, Any]) -> Path:
    parquet.write_table(pa.table(columns), path)
    return path


def test_types(read: Read, tmp_path: Path) -> None:
    noon = datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    path = store(
        tmp_path / "t.parquet",
        {
            "whole": [1, 2, 3],
            "gaps": pa.array([1, None, 3], pa.int32()),
            "part": pa.array([0.5, None, 2.0], pa.float32()),
            "money": [Decimal("1.10"), None, Decimal("2.20")],
            "flag": [True, None, False],
            "label": pa.array(["NA", "", None]).dictionary_encode(),
            "day": [datetime.date(2020, 1, 1), None, datetime.date(2020, 1, 3)],
            "moment": [noon, noon, None],
            "span": [datetime.timedelta(minutes=1), None, datetime.timedelta(seconds=1)],
            "written": ["1", "2.5", None],
            "nothing": pa.array([None, None, None], pa.string()),
        },
    )
    records = read(path)
    frame = records.frame
    assert frame is not None
    kinds = {str(name): str(frame[name].dtype) for name in frame.columns}
    assert kinds == {
        **dict.fromkeys(["gaps", "part", "money", "span", "written", "nothing"], "float64"),
        **dict.fromkeys(["flag", "label"], "object"),
        **dict.fromkeys(["day", "moment"], "datetime64[us]"),
        "whole": "int64",
    }
    assert frame["flag"].tolist() == ["true", None, "false"]
    assert frame["label"].tolist() == ["NA", None, None]  # typed text says what it means; only "" is nothing
    assert str(frame["moment"][0]) == "2020-01-01 10:00:00"
    assert frame["span"][0] == 60.0
    assert frame["money"][0] == 1.1
    assert [(r.what, r.where) for r in records.repairs] == [
        ("columns that hold numbers as text, read as numbers", ("column 'written'",))
    ]
    assert records.place(2) == "row 3"


def test_the_section_overrides_kinds(read: Read, tmp_path: Path) -> None:
    path = store(
        tmp_path / "t.parquet",
        {"code": [1, 2], "rate": [1.0, 2.5], "day": [20200131, 20200201], "n": ["1", "2"]},
    )
    options = {"columns.category": ["code", "rate"], "columns.date": "day", "columns.number": "n"}
    records = read(path, options)
    assert records.frame is not None
    assert records.frame["code"].tolist() == ["1", "2"]
    assert records.frame["rate"].tolist() == ["1", "2.5"]
    assert str(records.frame["day"][0].date()) == "2020-01-31"
    assert records.frame["n"].tolist() == [1, 2]
    assert not records.repairs


@pytest.mark.parametrize(
    ("columns", "options", "rule"),
    [
        ({"x": [[1], [2]]}, {}, "row 1, column 'x': holds a ndarray; a cell is a number"),
        ({"x": [None, b"a"]}, {}, "row 2, column 'x': holds a bytes"),
        ({"x": [1.0, float("inf")]}, {}, "row 2, column 'x': inf is not finite"),
        ({"x": ["1"] * 30 + ["l"]}, {}, "row 31, column 'x': 'l' is not a number, 30 of the 31 cells are"),
        (
            {"x": [datetime.date(2020, 1, 1)]},
            {"columns.number": "x"},
            "column 'x': holds dates; data.columns.number",
        ),
        ({"x": [], "y": []}, {}, "holds no rows"),
        ({"x": [1], " x": [2]}, {}, "columns 1 and 2 are both named 'x'"),
        ({"x": [1], "y": [2]}, {"target": "z"}, "has no column 'z'"),
    ],
)
def test_what_cannot_be_read(
    read: Read, tmp_path: Path, columns: dict[str, Any], options: dict[str, Any], rule: str
) -> None:
    with pytest.raises(DataError, match=re.escape(rule)):
        read(store(tmp_path / "t.parquet", columns), options)


def test_columns_of_one_name(read: Read, tmp_path: Path) -> None:
    parquet.write_table(
        pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["x", "x"]), tmp_path / "t.parquet"
    )
    with pytest.raises(DataError, match="columns 1 and 2 are both named 'x'"):
        read(tmp_path / "t.parquet")


def test_no_parquet(read: Read, tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"x,y\n1,2\n")
    with pytest.raises(DataError, match=r"cannot read .*t\.parquet: "):
        read(tmp_path / "t.parquet")
