"""Folders of texts, one folder a class."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.records import Records
from trainables.errors import DataError

Read = Callable[..., Records]
Write = Callable[..., Path]


@pytest.fixture
def root(write: Write, tmp_path: Path) -> Path:
    for label in ("neg", "pos"):
        for number in range(3):
            write(f"{label} review {number}", "in two lines", name=f"reviews/{label}/{number}.txt")
    return tmp_path / "reviews"


def test_classes_are_folders(read: Read, root: Path) -> None:
    (root / "pos" / "3.txt").write_bytes(b"\xef\xbb\xbfwith a mark")
    records = read(root)
    assert (records.modality, records.task, records.rows) == ("text", "classification", 7)
    assert records.texts is not None
    assert records.texts[0] == "neg review 0\nin two lines"
    assert records.texts[6] == "with a mark"
    assert records.targets is not None
    assert records.targets.tolist() == ["neg"] * 3 + ["pos"] * 4
    assert records.place(6) == "pos/3.txt"


def test_empty_and_stray_texts_are_left_out(read: Read, root: Path) -> None:
    (root / "pos" / "empty.txt").write_text(" \n")
    (root / "stray.txt").write_text("where do I belong?")
    assert [(r.what, r.count, r.where) for r in read(root).repairs] == [
        ("texts beside the folders of the classes, left out", 1, ("stray.txt",)),
        ("empty texts, left out", 1, ("pos/empty.txt",)),
    ]


def test_what_cannot_be_used(read: Read, root: Path, tmp_path: Path, write: Write) -> None:
    (root / "pos" / "1.txt").write_bytes(b"line\ncaf\xe9")
    with pytest.raises(DataError, match=re.escape(f"{root / 'pos' / '1.txt'}, row 2: not UTF-8 at byte 8")):
        read(root)
    for number in range(3):
        (root / "pos" / f"{number}.txt").write_text("")
    with pytest.raises(DataError, match=re.escape("class 'pos' holds nothing but empty files (3)")):
        read(root)
    write("no class", name="flat/1.txt")
    with pytest.raises(DataError, match="holds 1 texts and no folders; put those of a class into its folder"):
        read(tmp_path / "flat")
