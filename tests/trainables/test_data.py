"""Data sets: wrong input first, then splits, encodings and the cache."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables.data import BUILT_IN, load, task_of
from trainables.errors import DataError

WriteCsv = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> WriteCsv:
    def write_csv(*lines: str, name: str = "table.csv") -> str:
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return str(tmp_path / name)

    return write_csv


def rows(count: int, line: str = "{i},{k}") -> list[str]:
    return [line.format(i=i, k="ab"[i % 2], half=i / 2) for i in range(count)]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ("digit", "did you mean digits"),
        ({"sourc": "digits"}, "did you mean source"),
        ({}, "names no source"),
        ({"source": "digits", "target": "y"}, "leave them out"),
        ({"source": "wine", "valid": 1.0}, "between 0 and 1, not 1.0"),
        ({"source": "wine", "valid": "some"}, "not 'some'"),
        ({"source": "wine", "split_seed": -1}, "not -1"),
        ({"source": "a.csv", "task": "ranking"}, "not 'ranking'"),
        ("nowhere/at-all.csv", "cannot read nowhere/at-all.csv"),
    ],
)
def test_what_cannot_be_asked_for(data: Any, rule: str) -> None:
    with pytest.raises(DataError, match=re.escape(rule)):
        load(data)
    with pytest.raises(DataError, match=re.escape(rule)):
        task_of(data)


@pytest.mark.parametrize(
    ("lines", "options", "rule"),
    [
        (["x,y"], {}, "at least one row"),
        (["x,y", *rows(20)], {"target": "z"}, "no column 'z'"),
        (["size,colour", *rows(20)], {"target": "color"}, "did you mean colour?"),
        (["x,y", *rows(20)], {"target": None}, "which column is to be predicted (target); its columns: x, y"),
        (["x,y", "1,a", "2", *rows(20)], {}, "row 3: 1 cells where the first line names 2"),
        (["x,x", *rows(20)], {}, "column 2 is named 'x'"),
        (["x,y", *rows(40), "4o,a"], {}, "row 42, column 'x': '4o' is not a number, 40 of the 41 cells are"),
        (["x,y", *rows(20), "inf,a"], {}, "row 22, column 'x': 'inf' is not finite"),
        (["x,y", *rows(20), "3,"], {}, "row 22, column 'y': the value to be predicted is missing"),
        (["x,y", *rows(9)], {}, "9 rows are too few"),
        (["y", *["a", "b"] * 9], {}, "no column beside the target"),
        (["x,y", *["1,a"] * 20], {}, "one class, 'a'"),
        (["x,y", *rows(20)], {"task": "regression"}, "needs numbers, column 'y' holds labels"),
        (["x,y", *rows(12)], {"valid": 0.01}, "leaves none for validation"),
    ],
)
def test_a_wrong_file_says_file_column_and_row(
    write: WriteCsv, lines: list[str], options: dict[str, Any], rule: str
) -> None:
    source = write(*lines)
    with pytest.raises(DataError, match=re.escape(rule)) as caught:
        load({"source": source, "target": "y"} | options)
    assert source in str(caught.value)


def test_a_file_of_that_name_lies_near(write: WriteCsv) -> None:
    source = write("x,y", *rows(20), name="penguins.csv")
    with pytest.raises(DataError, match=r"did you mean penguins\.csv"):
        load({"source": source.replace("penguins", "pengiuns"), "target": "y"})


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"x,y\n1,\xff\n")
    with pytest.raises(DataError, match="not UTF-8 at byte 6"):
        load({"source": str(tmp_path / "t.csv"), "target": "y"})


@pytest.mark.parametrize("source", BUILT_IN)
def test_built_in_data(source: str) -> None:
    data = load(source)
    assert data is load({"source": source})
    assert data.task == task_of(source) == BUILT_IN[source]
    assert len(data.names) == data.train_x.shape[1] == data.valid_x.shape[1]
    assert np.isfinite(data.train_x).all()
    share = len(data.valid_x) / (len(data.valid_x) + len(data.train_x))
    assert share == pytest.approx(0.2, abs=0.01)
    if data.task == "classification":
        assert data.n_classes == len(data.labels) == len(np.unique(data.train_y))
        shares = [np.bincount(y.astype(int)) / len(y) for y in (data.train_y, data.valid_y)]
        np.testing.assert_allclose(shares[0], shares[1], atol=0.02)
    with pytest.raises(ValueError, match="read-only"):
        data.train_x[0] = 0


def test_the_split_follows_its_own_seed() -> None:
    first, again, other = (load({"source": "wine", "split_seed": s}) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.valid_x, again.valid_x)
    assert not np.array_equal(first.valid_x, other.valid_x)
    everything = np.concatenate([first.train_x, first.valid_x])
    np.testing.assert_array_equal(
        np.sort(everything, axis=0), np.sort(np.concatenate([other.train_x, other.valid_x]), axis=0)
    )


@pytest.mark.parametrize(
    ("line", "task", "labels"),
    [
        ("{i},{k}", "classification", ("a", "b")),
        ("{i},1{i}", "regression", ()),
        ("{i},{half}", "regression", ()),
        ("{i},0.0", "classification", None),
    ],
)
def test_the_task_follows_from_the_target(
    write: WriteCsv, line: str, task: str, labels: tuple[str, ...] | None
) -> None:
    source = {"source": write("x,y", *rows(60, line)), "target": "y"}
    assert task_of(source) == task
    if labels is not None:
        assert load(source).labels == labels
    assert task_of(source | {"task": "regression"}) == "regression"


def test_missing_numbers_become_the_median_of_the_training_rows_alone(write: WriteCsv) -> None:
    lines = [f"{i},{'?' if i % 5 == 0 else i * i},{i % 2}" for i in range(60)]
    data = load({"source": write("row,x,y", *lines), "target": "y"})
    rows, x = data.train_x[:, 0], data.train_x[:, 1]
    median = float(np.median(x[rows % 5 != 0]))
    assert (x[rows % 5 == 0] == median).all()
    assert (data.valid_x[data.valid_x[:, 0] % 5 == 0, 1] == median).all()
    assert median != float(np.median([i * i for i in range(60) if i % 5]))


def test_labels_become_columns_and_unseen_ones_their_own(write: WriteCsv) -> None:
    lines = [f"{'red' if i % 2 else ''},{i % 2}" for i in range(40)]
    data = load({"source": write("colour,y", *lines), "target": "y"})
    assert data.names == ("colour=(missing)", "colour=red", "colour=(unseen)")
    assert (data.train_x.sum(axis=1) == 1).all()
    assert (data.train_x[:, 2] == 0).all()
    # each label once: those of the validation rows were never seen in training
    data = load({"source": write("name,z,y", *[f"n{i:02},0,{i % 2}" for i in range(12)]), "target": "y"})
    assert (data.valid_x[:, -2] == 1).all()
    assert data.names[-2:] == ("name=(unseen)", "z")


def test_many_labels_become_one_column_of_ranks(write: WriteCsv) -> None:
    data = load({"source": write("name,y", *[f"n{i:03},{i % 2}" for i in range(100)]), "target": "y"})
    assert data.names == ("name",)
    np.testing.assert_array_equal(np.sort(data.train_x[:, 0]), np.arange(80))
    assert (data.valid_x == 80).all()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_quotes_and_a_byte_order_mark(tmp_path: Path, separator: str) -> None:
    lines = [separator.join(['"a b"', "y"]), *[f'"{i}"{separator}{i % 2}' for i in range(20)]]
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert load({"source": str(tmp_path / "t.csv"), "target": "y"}).names == ("a b",)


def test_a_file_is_read_once_until_it_changes(write: WriteCsv) -> None:
    source = {"source": write("x,y", *rows(20)), "target": "y"}
    first = load(source)
    assert load(dict(source)) is first
    write("x,y", *rows(40))
    assert len(load(source).train_x) == 32
