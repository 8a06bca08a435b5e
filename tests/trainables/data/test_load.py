"""`load`: wrong input first, then what a data set is, and that it is made once."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables.data import BUILT_IN, Dataset, load, modality_of, task_of, use_store, views_of
from trainables.errors import DataError

WriteCsv = Callable[..., str]
IN_SKLEARN = [name for name, known in BUILT_IN.items() if known.package is None]


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
        ({}, "data.source: is missing"),
        ({"source": "digits", "target": "y"}, "leave target out"),
        ({"source": "wine", "split": {"valid": 1.0}}, "between 0.01 and 0.9, not 1.0"),
        ({"source": "wine", "split": {"valid": "some"}}, "not 'some'"),
        ({"source": "wine", "split.seed": -1}, "not -1"),
        ({"source": "a.csv", "task": "ranking"}, "'ranking' is not possible"),
        ("nowhere/at-all.csv", "cannot read nowhere/at-all.csv"),
    ],
)
def test_what_cannot_be_asked_for(data: Any, rule: str) -> None:
    with pytest.raises(DataError, match=re.escape(rule)):
        load(data)


@pytest.mark.parametrize(
    ("lines", "options", "rule"),
    [
        (["x,y", *rows(20)], {"target": "z"}, "no column 'z'"),
        (["size,colour", *rows(20)], {"target": "color"}, "did you mean colour?"),
        (["x,y", *rows(20)], {"target": None}, "which column is to be predicted (target); its columns: x, y"),
        (["x,y", *rows(40), "4o,a"], {}, "row 42, column 'x': '4o' is not a number, 40 of the 41 cells are"),
        (["x,y", *rows(9)], {}, "9 rows are too few"),
        (["y", *["a", "b"] * 9], {}, "beside the target"),
        (["x,y", *["1,b"] * 20], {"columns.ignore": "x"}, "beside the target"),
        (["x,y", *["1,a"] * 20], {}, "one class, 'a'"),
        (
            ["x,y", *["1,a", "1,b"] * 20],
            {},
            "beside the target to learn from; left out, as they say nothing: x",
        ),
        (["x,y", *rows(20)], {"task": "regression"}, "needs numbers, column 'y' holds labels (row 2: 'a')"),
        (["x,y", *rows(20)], {"task": "forecasting", "modality": "table"}, "only a series can be forecast"),
        (["x,y", *rows(12)], {"split.valid": 0.01}, "leaves none for validation"),
        (["x,y", *rows(20, "1,n{i}")], {}, "no two rows have the same class ('y')"),
        (
            ["x,z,y", *rows(20, "{i},{k},{k}")],
            {"task": "generation", "features.categories": "target", "target": None},
            "a generation has none",
        ),
        (["x,y", *rows(20)], {"limit": 1}, "the training rows that are left (1) are of one class"),
        (
            ["x,y", *rows(20, "{i},a"), *rows(20, ",b")],
            {"cleaning.missing": "drop"},
            "are of one class, so there is nothing to learn",
        ),
        (["x,y", *rows(20)], {"split.group": "site"}, "no column 'site'"),
        (["x,y", *rows(20), ",a"], {"split.time": "x"}, "row 22, column 'x': the time is missing"),
        (
            ["x,z,y", *rows(20, "{i},,{k}"), ",3,a"],
            {"cleaning.missing": "interpolate"},
            "needs rows in an order",
        ),
        (["x,y", *rows(20)], {"features.polynomial": 3, "columns.category": "x"}, None),
    ],
)
def test_a_wrong_file_says_file_column_and_row(
    write: WriteCsv, lines: list[str], options: dict[str, Any], rule: str | None
) -> None:
    source = write(*lines)
    if rule is None:
        assert load({"source": source, "target": "y"} | options).shape[0] > 1
        return
    with pytest.raises(DataError, match=re.escape(rule)):
        load({"source": source, "target": "y"} | options)


def test_too_many_products_are_refused() -> None:
    with pytest.raises(DataError, match="degree 3 of 64 columns is 47904 features, at most 10000"):
        load({"source": "digits", "features.polynomial": 3})


def test_rows_without_a_target_are_left_out_and_counted(write: WriteCsv) -> None:
    data = load({"source": write("x,y", *rows(40), "7,", "8,"), "target": "y"})
    assert sum(repair.count for repair in data.repairs if "target" in repair.what) == 2
    assert len(data.train_rows) + len(data.valid_rows) + 8 == 40


@pytest.mark.parametrize("source", IN_SKLEARN)
def test_built_in_data(source: str) -> None:
    data = load(source)
    assert data.train_x is load({"source": source}).train_x
    assert data.task == task_of(source) == BUILT_IN[source].task
    assert len(data.names) == data.train_x.shape[1] == data.valid_x.shape[1]
    assert np.isfinite(data.train_x).all()
    assert data.train_x.dtype == np.float64
    share = len(data.valid_x) / (len(data.valid_x) + len(data.train_x))
    assert share == pytest.approx(0.25, abs=0.01)
    if data.task == "classification":
        assert data.n_classes == len(data.labels) == len(np.unique(data.train_y))
        shares = [np.bincount(y.astype(int)) / len(y) for y in (data.train_y, data.valid_y)]
        np.testing.assert_allclose(shares[0], shares[1], atol=0.02)
    for array in (data.train_x, data.train_y, data.valid_x, data.valid_y, data.train_rows, data.valid_rows):
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_digits_are_images_rows_of_pixels_and_64_numbers() -> None:
    pictures, flat, steps = (load("digits", view) for view in ("images", "features", "sequences"))
    assert (pictures.shape, flat.shape, steps.shape) == ((1, 8, 8), (64,), (8, 8))
    assert pictures.train_x.dtype == steps.train_x.dtype == np.float32
    np.testing.assert_array_equal(pictures.train_x[:, 0], steps.train_x)
    raw = load({"source": "digits", "scaling": "none"}, "images")
    assert raw.train_x.min() == 0
    assert 0.9 < raw.train_x.max() <= 1
    numbers = load({"source": "digits", "scaling": "none"})
    np.testing.assert_allclose(numbers.train_x / 255, raw.train_x.reshape(-1, 64), atol=1e-6)


@pytest.mark.parametrize(("source", "view"), [("wine", "images"), ("digits", "tokens")])
def test_a_view_that_the_rows_do_not_have_names_models_that_fit(source: str, view: Any) -> None:
    with pytest.raises(DataError, match=f"cannot be read as {view}; models that fit: .*boosting"):
        load(source, view)
    assert view not in views_of(modality_of(source))


def test_the_split_follows_its_own_seed() -> None:
    first, again, other = (
        load({"source": "wine", "split.seed": seed, "scaling": "none"}) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.valid_x, again.valid_x)
    assert not np.array_equal(first.valid_x, other.valid_x)


@pytest.mark.parametrize(
    ("line", "task", "labels"),
    [
        ("{i},{k}", "classification", ("a", "b")),
        ("{i},1{i}", "regression", ()),
        ("{i},{half}", "regression", ()),
    ],
)
def test_the_task_follows_from_the_target(
    write: WriteCsv, line: str, task: str, labels: tuple[str, ...]
) -> None:
    source = {"source": write("x,y", *rows(60, line)), "target": "y"}
    assert task_of(source) == task
    assert load(source).labels == labels
    if task == "regression":
        assert task_of(source | {"task": "classification"}) == "classification"


def test_a_generation_needs_no_target(write: WriteCsv) -> None:
    data = load({"source": write("x,z", *rows(30)), "task": "generation"})
    assert (data.task, data.n_classes) == ("generation", 0)
    assert not data.train_y.any()
    assert load({"source": "digits", "task": "generation"}, "images").n_classes == 10


def test_a_file_is_prepared_once_until_it_changes(write: WriteCsv) -> None:
    source = {"source": write("x,y", *rows(20)), "target": "y"}
    first = load(source)
    assert load(dict(source)).train_x is first.train_x
    other = load(source | {"augmentation.strength": 0.5})
    assert other.train_x is first.train_x
    assert (first.augmentation["strength"], other.augmentation["strength"]) == (0.0, 0.5)
    write("x,y", *rows(40))
    assert len(load(source).train_x) == 24


def test_another_store_is_asked_until_it_is_put_back() -> None:
    asked: list[str] = []

    class Counting:
        def get(self, key: str, make: Callable[[], Dataset]) -> Dataset:
            asked.append(key)
            return make()

    with use_store(Counting()):
        load("wine")
        load({"source": "wine"})
        load({"source": "wine", "scaling": "none"})
    load("wine")
    assert len(asked) == 3
    assert asked[0] == asked[1] != asked[2]


def test_a_built_in_set_is_known_without_reading_it() -> None:
    code = (
        "from trainables.data import task_of, modality_of, views_of; "
        "assert task_of('diabetes') == 'regression' and modality_of({'source': 'digits'}) == 'images'; "
        "import sys; print([name for name in ('pandas', 'sklearn', 'torch', 'ray') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout.strip() == "[]"


def test_classes_that_are_large_numbers_keep_their_names_apart(write: WriteCsv) -> None:
    """As those of an id column with a gap, which is read as floats."""
    cells = [f"{i},{1_000_000 + i % 3}" for i in range(60)] + ["60,"] + [f"{i},0.5" for i in range(9)]
    labels = load({"source": write("x,id", *cells), "target": "id", "task": "classification"}).labels
    assert labels == ("0.5", "1000000", "1000001", "1000002")
