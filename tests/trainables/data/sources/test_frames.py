"""What a row of a table is: a row of a table, a text, a moment of a series, or a trace."""

from __future__ import annotations

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

REVIEWS = (
    "review,mood,stars,annotator",
    *(f"It is film {i},{'good' if i % 2 else 'bad'},{i},a{i % 3}" for i in range(12)),
)
WEEKS = ("week,sales,ads", "2020-01-20,3,1", "2020-01-06,1,2", "2020-01-13,,3", "2020-01-27,4,4")


def test_texts_with_what_stands_beside_them(read: Read, write: Write) -> None:
    records = read(write(*REVIEWS), {"columns.text": "review", "target": "mood"})
    assert records.modality == "text"
    assert records.texts is not None
    assert records.texts[1] == "It is film 1"
    assert records.targets is not None
    assert records.targets[:2].tolist() == ["bad", "good"]
    assert records.extra is not None
    assert list(records.extra.columns) == ["stars", "annotator"]
    assert records.frame is None


def test_a_text_among_the_columns_of_a_table(read: Read, write: Write) -> None:
    records = read(write(*REVIEWS), {"columns.text": "review", "target": "mood", "modality": "table"})
    assert records.modality == "table"
    assert records.frame is not None
    assert list(records.frame.columns) == ["review", "mood", "stars", "annotator"]


def test_the_only_column_of_labels_is_the_text(read: Read, write: Write) -> None:
    records = read(write(*REVIEWS), {"modality": "text", "target": "mood", "columns.ignore": "annotator"})
    assert records.texts is not None
    assert records.texts[0] == "It is film 0"
    with pytest.raises(
        DataError, match=re.escape("name the one column that holds the texts (found: review, annotator)")
    ):
        read(write(*REVIEWS), {"modality": "text", "target": "mood"})


def test_rows_without_a_text_are_left_out(read: Read, write: Write) -> None:
    records = read(write(*REVIEWS, " ,good,1,a1"), {"columns.text": "review", "target": "mood"})
    assert records.rows == 12
    assert [(r.what, r.where) for r in records.repairs] == [("rows without a text, left out", ("row 14",))]


def test_a_series_is_put_in_order_and_keeps_its_gaps(read: Read, write: Write) -> None:
    records = read(write(*WEEKS), {"modality": "series", "target": "sales"})
    assert (records.modality, records.task, records.target) == ("series", "forecasting", "sales")
    assert records.frame is not None
    np.testing.assert_array_equal(records.frame["sales"], [1, np.nan, 3, 4])
    assert records.frame["ads"].tolist() == [2, 3, 1, 4]
    assert [records.place(i) for i in range(4)] == ["row 3", "row 4", "row 2", "row 5"]
    assert [(r.what, r.count) for r in records.repairs] == [("rows put in the order of 'week'", 3)]


@pytest.mark.parametrize(
    ("options", "modality"),
    [
        ({"target": "sales"}, "table"),
        ({"target": "sales", "task": "forecasting"}, "series"),
        ({"target": "sales", "columns.ignore": "ads"}, "series"),
        ({"modality": "series", "columns.ignore": "ads"}, "series"),
    ],
)
def test_when_a_table_is_a_series(read: Read, write: Write, options: dict[str, Any], modality: str) -> None:
    lines = [line.replace("13,,3", "13,2,3") for line in WEEKS]
    records = read(write(*lines), options)
    assert records.modality == modality
    assert records.target == "sales"


def test_steps_that_differ_are_counted(read: Read, write: Write) -> None:
    days = ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-05", "2020-01-06"]
    records = read(write("day,y", *[f"{day},1" for day in days]), {"target": "y"})
    assert [r.what for r in records.repairs] == [
        "steps of 'day' unlike the usual one (a window counts rows, not time)"
    ]
    months = [f"2020-{month:02}-01" for month in range(1, 13)]
    assert not read(write("day,y", *[f"{day},1" for day in months], name="m.csv"), {"target": "y"}).repairs


@pytest.mark.parametrize(
    ("lines", "options", "rule"),
    [
        ((*WEEKS, "2020-01-27,5,5"), {}, "column 'week': row 5 and row 6 are of one time, 2020-01-27"),
        (
            (*WEEKS, ",5,5"),
            {},
            "row 6, column 'week': the date is missing, and with it the row's place in time",
        ),
        (("a,b,sales", "2020-01-01,2021-01-01,1"), {}, "columns a, b hold dates; say which orders the rows"),
        (
            ("day,sales", "2020-01-01,low"),
            {"task": "forecasting"},
            "column 'sales': holds labels; a forecast needs",
        ),
    ],
)
def test_what_is_no_series(
    read: Read, write: Write, lines: tuple[str, ...], options: dict[str, Any], rule: str
) -> None:
    with pytest.raises(DataError, match=re.escape(rule)):
        read(write(*lines), {"modality": "series", "target": "sales", **options})


def test_rows_that_are_traces(read: Read, write: Write) -> None:
    path = write("kind,patient,t0,t1,t2", "up,p1,1,2,3", "down,p2,3,?,1")
    records = read(path, {"modality": "series", "target": "kind", "split.group": "patient"})
    assert records.task == "classification"
    assert records.array is not None
    np.testing.assert_array_equal(records.array[:, :, 0], [[1, 2, 3], [3, np.nan, 1]])
    assert records.targets is not None
    assert records.targets.tolist() == ["up", "down"]
    assert records.extra is not None
    assert records.extra["patient"].tolist() == ["p1", "p2"]
    with pytest.raises(DataError, match="at least 2 number columns"):
        read(write("kind,t0", "up,1", "down,2", name="u.csv"), {"modality": "series", "target": "kind"})
    with pytest.raises(DataError, match="row 3, column 'kind': the target is missing"):
        read(write("kind,a,b", "up,1,2", ",2,3", name="v.csv"), {"modality": "series", "target": "kind"})
