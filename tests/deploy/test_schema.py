"""Schemas: what a row may hold; whatever comes in, it is used or has a fault, and nothing is raised."""

from __future__ import annotations

import base64
import datetime
import io
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from deploy.checking import PIXELS_A_BYTE
from deploy.errors import ModelError
from deploy.schema import Column, Schema

TABLE = Schema(
    "table",
    (
        Column("amount", "number", False, 0.0, 9.0),
        Column("gap", "number", True, 0.0, 9.0),
        Column("shop", "category", True, labels=("north", "south")),
        Column("day", "date", False),
        Column("note", "text", False),
    ),
    (),
    "classification",
    ("no", "yes"),
    "sold",
)
GOOD: dict[str, Any] = {"amount": 1, "gap": None, "shop": "north", "day": "2026-03-31", "note": "a word"}
PICTURES = Schema("images", (), (2, 3, 1), "classification", ("a", "b"))
COLOURS = Schema("images", (), (4, 5, 3), "classification", ("a", "b"))
SERIES = Schema("series", (), (3, 2), "classification", ("a", "b"))
TEXTS = Schema("text", (), (), "classification", ("a", "b"))
FORECAST = Schema(
    "series", (Column("level", "number", True, 0.0, 1.0),), (), "forecasting", (), "level", 1, 2
)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("schema", [TABLE, PICTURES, SERIES, TEXTS, FORECAST])
def test_a_schema_survives_json(schema: Schema) -> None:
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize(
    "said", [{}, {"modality": "smells"}, [], {**TABLE.to_json(), "columns": [{"name": "x"}]}]
)
def test_what_is_no_schema_is_refused(said: Any) -> None:
    with pytest.raises(ModelError, match=r"schema\.json describes no schema"):
        Schema.from_json(said)


def test_good_rows_come_out_typed() -> None:
    rows, faults = TABLE.check(
        [
            GOOD,
            {
                **GOOD,
                "gap": 2.5,
                "shop": 1.0,
                "day": datetime.date(2026, 1, 2),
                "further": [{}],
            },
        ]
    )
    assert faults == []
    assert list(rows.columns) == ["amount", "gap", "shop", "day", "note"]
    assert rows["amount"].tolist() == [1.0, 1.0]
    assert math.isnan(rows["gap"][0])
    assert rows["shop"].tolist() == ["north", "1"]
    assert rows["day"].to_numpy().astype("datetime64[D]").astype(str).tolist() == ["2026-03-31", "2026-01-02"]


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("amount", "1", "is a number"),
        ("amount", True, "is a number"),
        ("amount", None, "never was in training"),
        ("amount", math.nan, "finite"),
        ("amount", math.inf, "finite"),
        ("amount", 10**400, "at most 1e"),
        ("amount", 1e60, "at most 1e"),
        ("amount", [1], "is a number"),
        ("gap", {"a": 1}, "is a number"),
        ("shop", ["north"], "is a label"),
        ("shop", math.nan, "finite"),
        ("day", "31 March", "is a date"),
        ("day", "2026-02-31", "is a date"),
        ("day", 20260331, "is a date"),
        ("note", 7, "is a text"),
        ("note", None, "never was in training"),
        ("note", "x" * 1_000_001, "at most 1000000 characters"),
    ],
)
def test_a_bad_cell_is_named_and_its_row_is_left_out(field: str, value: Any, rule: str) -> None:
    rows, faults = TABLE.check([GOOD, {**GOOD, field: value}, GOOD])
    assert len(rows) == 2
    assert [(fault.row, fault.field) for fault in faults] == [(1, field)]
    assert rule in faults[0].rule
    assert len(faults[0].value) < 100


def test_a_missing_column_and_a_row_that_is_none_are_faults() -> None:
    without = {name: value for name, value in GOOD.items() if name != "day"}
    rows, faults = TABLE.check([without, "row", None, nested(5000), GOOD])
    assert len(rows) == 1
    assert [(fault.row, fault.field) for fault in faults] == [(0, "day"), (1, ""), (2, ""), (3, "")]


def test_cells_of_a_text_file_are_read_as_training_reads_them() -> None:
    cells = {"amount": " 1.5 ", "gap": "NA", "shop": "", "day": "2026-03-31", "note": "null"}
    rows, faults = TABLE.check([cells, {**cells, "amount": "1,5"}], texts=True)
    assert [(fault.row, fault.field, fault.value) for fault in faults] == [(1, "amount", "'1,5'")]
    assert rows["amount"][0] == 1.5
    assert math.isnan(rows["gap"][0])
    assert rows["shop"][0] is None
    assert rows["note"][0] == "null"


def test_a_column_of_dates_in_one_other_spelling_is_read() -> None:
    rows, faults = TABLE.check([{**GOOD, "day": f"{day}.03.2026"} for day in (13, 14)])
    assert faults == []
    assert rows["day"].dt.day.tolist() == [13, 14]
    _, faults = TABLE.check([{**GOOD, "day": day} for day in ("13.03.2026", 20260314)])
    assert [(fault.row, fault.field) for fault in faults] == [(1, "day")]
    days = ("13.03.2026", "14.3.2026", "soon", "31.02.2026", "2026-03-15", "")
    rows, faults = TABLE.check([{**GOOD, "day": day} for day in days])
    assert [(fault.row, fault.field) for fault in faults] == [(2, "day"), (3, "day"), (5, "day")]
    assert rows["day"].dt.day.tolist() == [13, 14, 15]


def test_a_column_of_dates_in_one_other_spelling_may_have_gaps() -> None:
    gaps = replace(TABLE, columns=(Column("day", "date", True),))
    rows, faults = gaps.check([{"day": " 13.03.2026 "}, {"day": ""}, {"day": "NA"}], texts=True)
    assert faults == []
    assert rows["day"].isna().tolist() == [False, True, True]


def test_a_value_has_the_label_that_training_has_read_it_as() -> None:
    """A file of texts holds "True" and "1.0", a request true and 1."""
    column = Column("kind", "category", True, labels=("1.0", "False", "True", "x"))
    rows, faults = replace(TABLE, columns=(column,)).check(
        [{"kind": cell} for cell in (True, 1, False, "x", " ", 7)]
    )
    assert faults == []
    assert rows["kind"].tolist() == ["True", "1.0", "False", "x", None, "7"]
    with_own = replace(column, labels=("true", "True", "1"))
    rows, _ = replace(TABLE, columns=(with_own,)).check([{"kind": True}, {"kind": 1.0}])
    assert rows["kind"].tolist() == ["true", "1"]
    _, faults = TABLE.check([{**GOOD, "shop": ""}])
    assert faults == []  # it may be missing


def test_pictures_come_as_lists_arrays_or_files() -> None:
    lists = [[[0], [1], [2]], [[3], [4], [255]]]
    flat = [[0, 1, 2], [3, 4, 255]]
    rows, faults = PICTURES.check([lists, flat, np.array(flat, np.uint8), {"image": flat}])
    assert faults == []
    assert rows.shape == (4, 2, 3, 1)
    assert rows.dtype == np.uint8
    assert (rows == rows[0]).all()
    stream = io.BytesIO()
    Image.new("RGB", (50, 40), "red").save(stream, "PNG")
    rows, faults = COLOURS.check([stream.getvalue(), base64.b64encode(stream.getvalue()).decode()])
    assert faults == []
    assert rows.shape == (2, 4, 5, 3)
    assert (rows[..., 0] == 255).all()


@pytest.mark.parametrize(
    "record",
    [
        [[0, 1], [2, 3]],
        [[0, 1, 2], [3, 4]],
        [[0, 1, 2], [3, 4, 256]],
        [[0, 1, 2], [3, 4, 0.5]],
        [[0, 1, 2], [3, 4, math.nan]],
        [[0, 1, 2], [3, 4, True]],
        [[0, 1, 2], [3, 4, "5"]],
        [[0, 1, 2], [3, 4, 10**400]],
        nested(100_000),
        [0] * 1_000_000,
        "no base64!",
        b"no picture",
        None,
        {},
        7,
    ],
    ids=lambda record: str(type(record).__name__),
)
def test_what_is_no_picture_is_a_fault(record: Any) -> None:
    rows, faults = PICTURES.check([record])
    assert rows.shape == (0, 2, 3, 1)
    assert [fault.row for fault in faults] == [0]


def test_a_small_file_of_a_large_picture_is_no_way_to_make_a_server_work() -> None:
    packed = io.BytesIO()
    Image.new("1", (4000, 4000)).save(packed, "PNG")
    content = packed.getvalue()
    assert len(content) < 16_000_000 / PIXELS_A_BYTE
    _, faults = COLOURS.check([base64.b64encode(content).decode()])
    assert "send it smaller" in faults[0].rule
    assert COLOURS.check([content])[1] == []  # a file of the user's own


def test_series_and_texts() -> None:
    rows, faults = SERIES.check([[[1, 2], [3, 4], [5, 6]], [[1, 2], [3, None], [5, 6]], [[1, 2]]])
    assert [fault.row for fault in faults] == [1, 2]
    assert rows.tolist() == [[[1, 2], [3, 4], [5, 6]]]
    assert TEXTS.check(["one", {"text": "two"}, {"body": "three"}, 4, {"a": "b", "c": "d"}]) == (
        ("one", "two", "three"),
        TEXTS.check(["one", {"text": "two"}, {"body": "three"}, 4, {"a": "b", "c": "d"}])[1],
    )
    assert [fault.row for fault in TEXTS.check(["one", 4, {"a": "b", "c": "d"}])[1]] == [1, 2]


def test_a_bad_step_of_a_series_to_be_forecast_keeps_its_place() -> None:
    rows, faults = FORECAST.check([{"level": 1}, {"level": "high"}, {"level": 3}])
    assert [(fault.row, fault.field) for fault in faults] == [(1, "level")]
    assert rows["level"].isna().tolist() == [False, True, False]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(records=st.lists(anything | st.fixed_dictionaries(dict.fromkeys(GOOD, anything)), max_size=4))
def test_nothing_that_comes_in_is_raised_or_lost(records: list[Any]) -> None:
    for schema in (TABLE, PICTURES, SERIES, TEXTS):
        rows, faults = schema.check(records)
        assert len(rows) + len({fault.row for fault in faults}) == len(records)
