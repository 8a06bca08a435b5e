"""Which reader a source gets, what is kept, and when it is read again."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trainables.data.records import Records
from trainables.data.section import read_section
from trainables.data.sources import source_version
from trainables.errors import DataError

Read = Callable[..., Records]
Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("digit", "there is no data set 'digit'; did you mean digits"),
        ("nowhere/at-all.csv", "cannot read nowhere/at-all.csv: there is no such file or folder"),
        ("nowhere/at-all.csv", "there is no folder nowhere either"),
        ("module.of.mine:load", "there is no module 'module"),
    ],
)
def test_what_is_not_there(read: Read, source: str, rule: str) -> None:
    with pytest.raises(DataError, match=re.escape(rule)):
        read(source)


def test_a_file_of_that_name_lies_near(read: Read, write: Write) -> None:
    path = write("x,y", "1,2", name="penguins.csv")
    with pytest.raises(DataError, match=r"did you mean penguins\.csv"):
        read(path.with_name("pengiuns.csv"))


def test_an_ending_that_nobody_reads(read: Read, write: Write) -> None:
    with pytest.raises(DataError, match=r"cannot tell what .*table\.xlsx holds; a file ends in \.csv, "):
        read(write("x", name="table.xlsx"))


def test_only_a_database_has_a_query(read: Read, write: Write) -> None:
    for source in (write("x,y", "1,2"), "digits"):
        with pytest.raises(DataError, match=r"data\.query: only a database has one, and .* is none"):
            read(source, {"query": "SELECT 1"})


def test_a_file_is_read_once_until_it_changes(read: Read, write: Write) -> None:
    path = write("x,y", "1,2")
    first = read(path)
    assert read(path, {"scaling": "none", "split.seed": 3}) is first
    assert read(path, {"target": "y"}) is not first
    write("x,y", "1,2", "3,4")
    assert read(path).rows == 2


def test_the_version_of_a_folder_changes_with_any_file_in_it(write: Write, tmp_path: Path) -> None:
    section = read_section({"source": str(tmp_path / "texts")})
    write("one", name="texts/a/1.txt")
    first = source_version(section)
    assert source_version(section) == first
    write("two", name="texts/b/1.txt")
    second = source_version(section)
    write("longer", name="texts/b/1.txt")
    assert len({first, second, source_version(section)}) == 3


def test_the_task_of_the_section_comes_first(read: Read) -> None:
    assert read("digits").task == "classification"
    assert read("digits", {"task": "generation"}).task == "generation"


def test_arrays_cannot_be_changed(read: Read) -> None:
    records = read("digits")
    assert records.array is not None
    with pytest.raises(ValueError, match="read-only"):
        records.array[0] = 0


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder that anybody may read, while this process is allowed no more than anybody is."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for name in ("photos/cats", "photos/dogs", "shut"):
            Path(folder, name).mkdir(parents=True)
        Path(folder, "shut/table.csv").write_text("x,y\n1,a\n")
        for name in ("photos/cats", "shut"):
            Path(folder, name).chmod(0)
        if user == 0:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(user)
            for name in ("photos/cats", "shut"):
                Path(folder, name).chmod(0o755)


def test_what_may_not_be_read_is_not_taken_for_empty(read: Read, nobody: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read the folder .*cats: Permission denied; let it be read"):
        read(nobody / "photos")
    with pytest.raises(DataError, match=r"cannot read .*table\.csv: Permission denied; see that"):
        read(nobody / "shut" / "table.csv")


def test_a_name_that_no_file_can_have(read: Read) -> None:
    with pytest.raises(DataError, match="File name too long"):
        read("x" * 5000 + ".csv")
