"""CSV and TSV: what is refused and where, then separators, marks, types and dates."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables.data.records import Records
from trainables.errors import DataError

Read = Callable[..., Records]
Write = Callable[..., Path]


def rows(count: int, line: str = "{i},{k}") -> list[str]:
    return [line.format(i=i, k="ab"[i % 2]) for i in range(count)]


@pytest.mark.parametrize(
    ("lines", "options", "rule"),
    [
        ([""], {}, "a line of column names and at least one row are needed"),
        (["x,y"], {}, "at least one row"),
        (["x,y", "1,a", "2", "3,b"], {}, "row 3: 1 cells where the first line names 2"),
        (
            ["x,y", "1,a,", "3,b"],
            {},
            "row 2: 3 cells where the first line names 2; quote a cell that holds a ','",
        ),
        (["x,x", "1,2"], {}, "columns 1 and 2 are both named 'x'; rename or remove one"),
        (["x,", "1,2"], {}, "column 2 is named ''; give it a name, or remove it"),
        ([",y", "0,1"], {}, "column 1 is named ''; give it a name, or remove it; an index that pandas wrote"),
        (["x,y", '1,"a', "2,b"], {}, "row 2: unexpected end of data; is a quote left open?"),
        (["x,y", *rows(40), "4o,a"], {}, "row 42, column 'x': '4o' is not a number, 40 of the 41 cells are"),
        (["x,y", "inf,a", *rows(20)], {}, "row 2, column 'x': inf is not finite"),
        (["x,y", "1,a", "1e999,a"], {}, "row 3, column 'x': inf is not finite"),
        (["x,y", *rows(4)], {"target": "z"}, "data.target: "),
        (["size,colour", *rows(4)], {"target": "color"}, "has no column 'color'; did you mean colour?"),
        (["size,colour", *rows(4)], {"columns.ignore": ["sise"]}, "data.columns.ignore: "),
        (["size,colour", *rows(4)], {"columns.ignore": ["sise"]}, "did you mean size?"),
        (["size,colour", *rows(4)], {"split.group": "sizes"}, "data.split.group: "),
        (["x,y", *rows(4)], {"target": "y", "columns.ignore": "y"}, "'y' is the target"),
        (
            ["x,y", *rows(4)],
            {"columns.number": "y"},
            "row 2, column 'y': 'a' is not a number, data.columns.number",
        ),
        (["x,y", *rows(4)], {"columns.date": "y"}, "row 2, column 'y': 'a' is no date; write 2026-03-31"),
        (
            ["d,y", "31.1.2020,1", "1/2/2020,2"],
            {"columns.date": "d"},
            "row 3, column 'd': '1/2/2020' is no date as",
        ),
        (
            ["d,y", "1/2/2020,1", "2/2/2020,2"],
            {"columns.date": "d"},
            "column 'd': '1/2/2020' can be two dates",
        ),
        (["d,y", "2020-02-30,1"], {"columns.date": "d"}, "row 2, column 'd': '2020-02-30' is no date: day"),
        (["y", "a", "b"], {"target": "y"}, "there is no column beside the target 'y' to learn from"),
        (["d,y", "2020-01-01,1"], {"target": "d"}, "column 'd': holds dates, which cannot be a target"),
        (
            ["x,y", *rows(8), "8,", "9,?"],
            {"target": "y"},
            "row 10, column 'y': the target is missing, as it is in 2 of",
        ),
        (
            ["x,y", *rows(4)],
            {"modality": "images"},
            "is a table; images come from a folder or an .npz archive",
        ),
    ],
)
def test_a_wrong_file_says_file_row_and_column(
    read: Read, write: Write, lines: list[str], options: dict[str, Any], rule: str
) -> None:
    path = write(*lines)
    with pytest.raises(DataError, match=re.escape(rule)) as caught:
        read(path, options)
    assert str(path) in str(caught.value)


def test_a_line_is_counted_in_the_file_although_cells_span_lines(read: Read, write: Write) -> None:
    path = write("x,y", '"1\n1",a', "", "2,b,c")
    with pytest.raises(DataError, match="row 5: 3 cells"):
        read(path)
    assert read(write("x,y", '"1\n1",a', "", "2,b", name="good.csv")).place(1) == "row 5"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"x,y\n1,\xff\n", "row 2: not UTF-8 at byte 6"),
        (b"x,y\n1,a\n2,caf\xe9\n", "row 3: not UTF-8 at byte 13"),
        ("x,y\n1,a\n".encode("utf-16"), "is UTF-16; convert the file to UTF-8"),
    ],
)
def test_what_is_not_utf8_says_the_byte(read: Read, tmp_path: Path, content: bytes, rule: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=re.escape(rule)):
        read(tmp_path / "t.csv")


def test_a_gzip_that_is_cut(read: Read, tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"x,y\n1,2\n")[:-9])
    with pytest.raises(DataError, match=r"cannot read .*t\.csv\.gz: Compressed file ended"):
        read(tmp_path / "t.csv.gz")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["csv", "csv.gz", "tsv", "txt"])
def test_separators_quotes_and_a_byte_order_mark(
    read: Read, tmp_path: Path, separator: str, ending: str
) -> None:
    lines = [separator.join(['"a b"', "y"]), *[f'"{i}"{separator}{i % 2}' for i in range(4)]]
    content = b"\xef\xbb\xbf" + "\r\n".join(lines).encode()
    path = tmp_path / f"t.{ending}"
    path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    records = read(path, {"target": "y"})
    assert records.frame is not None
    assert list(records.frame.columns) == ["a b", "y"]
    assert records.frame["a b"].tolist() == [0, 1, 2, 3]


def test_types_are_found_and_missing_cells_are_missing(read: Read, write: Write) -> None:
    path = write(
        "whole,gaps,part,big,label,flag,day,moment,nothing",
        "1,1,1.5,9007199254740993,red,true,2020-01-01,2020-01-01T12:00:00+02:00,",
        "-2,?,2e3,1, N/A ,false,,2020-01-01 12:00,NULL",
        "3,3,nan,2,red,true,2020-01-03,,na",
    )
    frame = read(path).frame
    assert frame is not None
    kinds = {str(name): str(frame[name].dtype) for name in frame.columns}
    assert kinds == {
        "whole": "int64",
        "gaps": "float64",
        "part": "float64",
        "big": "int64",
        "label": "object",
        "flag": "object",
        "day": "datetime64[us]",
        "moment": "datetime64[us]",
        "nothing": "float64",
    }
    assert frame["big"][0] == 9007199254740993
    assert frame["label"].tolist() == ["red", None, "red"]
    assert frame["flag"].tolist() == ["true", "false", "true"]
    assert np.isnan(frame["gaps"][1])
    assert str(frame["moment"][0]) == "2020-01-01 10:00:00"
    assert frame["nothing"].isna().all()
    assert frame["day"].isna().tolist() == [False, True, False]


def test_the_section_overrides_kinds(read: Read, write: Write) -> None:
    path = write("zip,note,when,left,y", "01234,NA,31.12.2020,x,1", "00005,none,1.2.2021,y,2")
    options = {
        "columns.category": "zip",
        "columns.text": ["note"],
        "columns.date": ["when"],
        "columns.ignore": ["left"],
    }
    frame = read(path, {**options, "modality": "table"}).frame
    assert frame is not None
    assert frame["zip"].tolist() == ["01234", "00005"]
    assert frame["note"].tolist() == ["NA", "none"]
    assert [str(day.date()) for day in frame["when"]] == ["2020-12-31", "2021-02-01"]
    assert "left" not in frame.columns


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["20200131", "20200201"], "2020-01-31"),
        (["1999", "2000"], "1999-01-01"),
        (["2020-03", "2020-04"], "2020-03-01"),
        (["13/2/2020", "1/2/2020"], "2020-02-13"),
        (["2/13/2020", "1/2/2020"], "2020-02-13"),
        (["3/3/2020", "4/4/2020"], "2020-03-03"),
        (["5 Jan 2020", "6 Feb 2020"], "2020-01-05"),
    ],
)
def test_dates_in_other_spellings(read: Read, write: Write, cells: list[str], first: str) -> None:
    frame = read(write("when,y", *[f"{cell},1" for cell in cells]), {"columns.date": "when"}).frame
    assert frame is not None
    assert str(frame["when"][0].date()) == first


@pytest.mark.parametrize(
    ("cells", "values", "what"),
    [
        (["1,5", "-0,25", "3", ""], [1.5, -0.25, 3.0], "cells of 'x' with a decimal comma, read as numbers"),
        (
            ["1.234,5", "2", "0,5", "7"],
            [1234.5, 2.0, 0.5, 7.0],
            "cells of 'x' with a decimal comma, read as numbers",
        ),
        (
            ["1,234", "12,345,678", "5.5", "0,123,456"],
            [1234.0, 12345678.0, 5.5, 123456.0],
            "cells of 'x' with commas between thousands, read as numbers",
        ),
    ],
)
def test_numbers_with_commas_are_numbers(
    read: Read, write: Write, cells: list[str], values: list[float], what: str
) -> None:
    """As a spreadsheet writes them in half of the world; read as labels they would say nothing."""
    records = read(write("x;y", *[f"{cell};{row}" for row, cell in enumerate(cells)]), {"target": "y"})
    assert records.frame is not None
    assert records.frame["x"].dropna().tolist() == values
    commas = sum("," in cell for cell in cells)
    assert [(r.what, r.count) for r in records.repairs] == [(what, commas)]
    assert records.repairs[0].where[0] == "row 2"


def test_commas_that_can_be_read_in_two_ways_are_refused(read: Read, write: Write) -> None:
    file = write("x;y", "7;1", "1,234;2")
    with pytest.raises(DataError, match=re.escape("row 3, column 'x': '1,234' may be 1.234 or 1234")):
        read(file, {"target": "y"})
    frame = read(file, {"target": "y", "columns.category": "x"}).frame
    assert frame is not None
    assert frame["x"].tolist() == ["7", "1,234"]


@pytest.mark.parametrize("cells", [["1,5", "1.5", "2"], ["1,2", "1,2,3", "4"], ["a,b", "1", "2"]])
def test_other_commas_stay_labels(read: Read, write: Write, cells: list[str]) -> None:
    records = read(write("x;y", *[f"{cell};1" for cell in cells]), {"target": "y"})
    assert records.frame is not None
    assert records.frame["x"].tolist() == cells
    assert not records.repairs


def test_a_few_rows_without_a_target_are_left_out_and_counted(read: Read, write: Write) -> None:
    records = read(write("x,y", *rows(10), "10,", *rows(10)), {"target": "y"})
    assert records.rows == 20
    assert [(r.what, r.count, r.where) for r in records.repairs] == [
        ("rows without a target, left out", 1, ("row 12",))
    ]
    assert (records.place(9), records.place(10)) == ("row 11", "row 13")
    assert records.target == "y"


def test_equal_content_has_one_fingerprint(read: Read, write: Write) -> None:
    one = read(write("x,y", "1,a", "2,b"))
    same = read(write('"x";"y"', '"1";a', '"2";"b"', name="other.csv"))
    other = read(write("x,y", "1,a", "2,c", name="third.csv"))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert len(one.fingerprint) == 64
