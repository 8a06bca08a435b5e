"""What is packed, what stays here, and how one hears that it is too much."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from search.errors import SettingsError
from search.submission import package as module
from search.submission.package import Package, size


def fill(folder: Path, *names: str, content: bytes = b"x") -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def names(package: Package) -> list[str]:
    return [file.path for file in package.files]


def test_ignore_files_of_every_folder_count(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "sweep.yaml",
        "train.py",
        "big.bin",
        "notes/keep.txt",
        "notes/drop.txt",
        "data/raw/a.csv",
        "data/a.csv",
    )
    (tmp_path / ".gitignore").write_text("*.bin\n/data/raw\n")
    (tmp_path / ".rayignore").write_text("notes/*\n!notes/keep.txt\n.gitignore\n")
    (tmp_path / "data" / ".rayignore").write_text("a.csv\n")
    assert names(Package(tmp_path)) == [
        ".rayignore",
        "data/.rayignore",
        "notes/keep.txt",
        "sweep.yaml",
        "train.py",
    ]


def test_what_never_goes_along(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "sweep.yaml",
        ".git/config",
        ".venv/bin/python",
        "src/__pycache__/a.pyc",
        ".env",
        "runs/one/journal.jsonl",
    )
    package = Package(tmp_path, besides=[tmp_path / "runs"])
    assert names(package) == ["sweep.yaml"]
    assert package.left_out == ["runs"]
    assert tmp_path / "sweep.yaml" in package
    assert tmp_path / "runs" not in package
    assert tmp_path.parent / "sweep.yaml" not in package


def test_a_link_that_leads_in_a_circle_ends(tmp_path: Path) -> None:
    fill(tmp_path, "sweep.yaml", "src/a.py")
    (tmp_path / "src" / "back").symlink_to(tmp_path)
    (tmp_path / "other").symlink_to(tmp_path / "src")
    assert names(Package(tmp_path)) == ["other/a.py", "src/a.py", "sweep.yaml"]


def test_equal_folders_make_equal_packages(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        fill(folder, "b.py", "a/c.py")
    os.utime(other / "b.py", (0, 0))
    (one / "b.py").chmod(0o755)
    (other / "b.py").chmod(0o755)
    packed = [Package(folder).write(tmp_path) for folder in (one, other)]
    assert packed[0].read_bytes() == packed[1].read_bytes()
    assert packed[0].name == packed[1].name
    with zipfile.ZipFile(packed[0]) as archive:
        assert archive.namelist() == ["a/c.py", "b.py"]
        assert archive.getinfo("b.py").external_attr >> 16 & 0o111
    fill(other, "b.py", content=b"y")
    assert Package(other).digest != Package(one).digest


def test_a_folder_that_is_too_large_names_its_largest_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMIT", 2000)
    folder = tmp_path / "project"
    fill(folder, "sweep.yaml")
    fill(folder, "weights.bin", content=os.urandom(3000))
    with pytest.raises(
        SettingsError,
        match=r"2 files, 3\.\d KiB packed.*512 MiB.*weights\.bin 2\.9 KiB; sweep\.yaml.*\.rayignore",
    ):
        Package(folder).write(tmp_path)


def test_a_folder_far_too_large_is_not_packed_first(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    fill(folder, "sweep.yaml")
    with open(folder / "huge.bin", "wb") as file:
        file.truncate(3 * 2**30)
    with pytest.raises(SettingsError, match=r"3\.0 GiB before packing.*huge\.bin 3\.0 GiB"):
        Package(folder).write(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such folder"):
        Package(tmp_path / "none")


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (100 * 2**20, "100 MiB"), (5 * 2**40, "5120 GiB")],
)
def test_sizes_for_people(amount: int, said: str) -> None:
    assert size(amount) == said
