"""Arrays by name, from an .npz archive."""

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


def store(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_a_table(read: Read, tmp_path: Path) -> None:
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    x[0, 0] = np.nan
    names = np.array(["a", "b"])
    path = store(
        tmp_path / "t.npz", x=x, y=np.array([0, 1, 1]), feature_names=names, labels=np.array(["no", "yes"])
    )
    records = read(path)
    assert (records.modality, records.feature_names, records.labels) == ("table", ("a", "b"), ("no", "yes"))
    assert records.array is not None
    assert records.array.dtype == np.float64
    assert np.isnan(records.array[0, 0])
    assert records.targets is not None
    assert records.targets.dtype == np.int64
    assert records.place(2) == "row 3"


def test_what_stands_beside_x_and_y(read: Read, tmp_path: Path) -> None:
    site = np.array(["n", "s", "s"])
    path = store(
        tmp_path / "t.npz", x=np.eye(3), y=np.array(["a", "b", "a"]), y2=np.array([0.5, 1.5, 2]), site=site
    )
    records = read(path, {"split.group": "site"})
    assert records.targets is not None
    assert records.targets.tolist() == ["a", "b", "a"]
    assert records.extra is not None
    assert records.extra["site"].tolist() == ["n", "s", "s"]
    assert records.feature_names == ("x0", "x1", "x2")
    other = read(path, {"target": "y2"})
    assert other.targets is not None
    assert other.targets.tolist() == [0.5, 1.5, 2.0]


@pytest.mark.parametrize(
    ("x", "modality", "shape", "repair"),
    [
        (np.zeros((2, 4, 5, 3), np.uint8), None, (2, 4, 5, 3), None),
        (np.zeros((2, 4, 5), np.uint8), "images", (2, 4, 5, 1), None),
        (
            np.zeros((2, 3, 4, 5), np.uint8),
            None,
            (2, 4, 5, 3),
            "images with their channels first, which were put last",
        ),
        (
            np.full((2, 4, 4, 1), 0.5),
            None,
            (2, 4, 4, 1),
            "images with pixels from 0 to 1, multiplied by 255 and rounded",
        ),
        (np.full((2, 4, 4, 1), 200), None, (2, 4, 4, 1), None),
        (
            np.full((2, 4, 4, 1), 99.5),
            None,
            (2, 4, 4, 1),
            "images with pixels between whole numbers, rounded",
        ),
    ],
)
def test_images_become_bytes(
    read: Read, tmp_path: Path, x: Any, modality: str | None, shape: tuple[int, ...], repair: str | None
) -> None:
    records = read(store(tmp_path / "t.npz", x=x), {"modality": modality} if modality else {})
    assert records.modality == "images"
    assert records.array is not None
    assert records.array.shape == shape
    assert records.array.dtype == np.uint8
    assert [r.what for r in records.repairs] == ([repair] if repair else [])
    if x.dtype == float:
        assert records.array.max() == np.round(x.max() * (255 if x.max() <= 1 else 1))


def test_series_and_texts(read: Read, tmp_path: Path) -> None:
    series = read(store(tmp_path / "s.npz", x=np.zeros((4, 10, 2)), y=np.arange(4) % 2))
    assert series.modality == "series"
    assert series.array is not None
    assert series.array.shape == (4, 10, 2)
    texts = read(store(tmp_path / "t.npz", x=np.array(["a b", "c"]), y=np.array([True, False])))
    assert (texts.modality, texts.texts) == ("text", ("a b", "c"))
    assert texts.targets is not None
    assert texts.targets.tolist() == ["true", "false"]


@pytest.mark.parametrize(
    ("arrays", "options", "rule"),
    [
        ({"a": np.eye(2)}, {}, "holds no array x, the inputs; it holds a"),
        ({"x": np.eye(2)}, {"target": "z"}, "data.target: "),
        ({"x": np.eye(2), "yy": np.ones(2)}, {"target": "y"}, "holds no array 'y'; did you mean yy"),
        (
            {"x": np.eye(2), "y": np.ones(3)},
            {},
            "y is float64 (3,) where x has 2 rows; it holds one value a row",
        ),
        ({"x": np.eye(2), "y": np.array([1, np.nan])}, {}, "row 2: y is nan, as 1 of 2 are not finite"),
        ({"x": np.eye(2), "y": np.array(["a", ""])}, {}, "row 2: y is ''; a target is a number or a label"),
        ({"x": np.array([[1, np.inf]])}, {}, "row 1: x is infinite in column 2"),
        ({"x": np.array([["a", "b"]])}, {}, "x is <U1 (1, 2); it holds numbers"),
        ({"x": np.zeros((0, 2))}, {}, "x holds no rows"),
        ({"x": np.zeros((2, 2, 2, 2, 2))}, {}, "x is float64 (2, 2, 2, 2, 2); a table is (rows, columns)"),
        (
            {"x": np.eye(2)},
            {"modality": "text"},
            "texts are an array x of one dimension of str, not float64 (2, 2)",
        ),
        ({"x": np.zeros((2, 4, 4, 2))}, {}, "images are (rows, height, width, channels), 1 or 3 channels"),
        (
            {"x": np.full((2, 4, 4, 1), -1.0)},
            {},
            "pixels lie between -1 and -1; write them as 0 to 255, or 0 to 1",
        ),
        (
            {"x": np.eye(2), "y": np.array([0, 2]), "labels": np.array(["a", "b"])},
            {},
            "y numbers classes from 0 to 2",
        ),
        (
            {"x": np.eye(2), "y": np.array([0, 0]), "labels": np.array(["a", "b"])},
            {},
            "no row is of class 'b'",
        ),
        (
            {"x": np.eye(2), "feature_names": np.array(["a", "a"])},
            {},
            "feature_names are 1 different names for 2",
        ),
        (
            {"x": np.eye(2), "site": np.ones(3)},
            {"split.group": "site"},
            "holds no array 'site' of one value a row",
        ),
    ],
)
def test_what_cannot_be_used(
    read: Read, tmp_path: Path, arrays: dict[str, Any], options: dict[str, Any], rule: str
) -> None:
    path = store(tmp_path / "t.npz", **arrays)
    with pytest.raises(DataError, match=re.escape(rule)) as caught:
        read(path, options)
    assert str(path) in str(caught.value)


def test_python_objects_are_refused(read: Read, tmp_path: Path) -> None:
    path = store(tmp_path / "t.npz", x=np.eye(2), y=np.array(["a", None], dtype=object))
    with pytest.raises(DataError, match=r"holds Python objects; write labels as an array of str"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no more", b"x,y\n"])
def test_no_archive(read: Read, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read .*t\.npz: "):
        read(tmp_path / "t.npz")


def test_an_array_without_a_name(read: Read, tmp_path: Path) -> None:
    with (tmp_path / "t.npz").open("wb") as stream:
        np.save(stream, np.eye(2))
    with pytest.raises(DataError, match=r"it holds one array without a name; np\.savez writes them"):
        read(tmp_path / "t.npz")
