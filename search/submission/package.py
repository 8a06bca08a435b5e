"""The folder of a sweep as it travels to a cluster: which files, how large, and what keeps the others here."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from search.errors import SettingsError

__all__ = ["LIMIT", "STAYS_HERE", "Package", "size"]

LIMIT = 100 * 2**20
"""Bytes of a packed folder. Ray keeps packages of up to 512 MiB, but its job server takes no request above 100 MiB."""

_KEPT = 512 * 2**20  # bytes; what Ray keeps of one package
STAYS_HERE = (
    ".git",
    ".venv",
    "venv",
    "__pycache__",
    "*.egg-info",
    "node_modules",
    ".*_cache",
    ".env",
    ".ray",
)
"""Left out whatever the ignore files say; so is the storage of the runs."""

_SHOWN = 5  # of the largest files
_STAMP = (2020, 1, 1, 0, 0, 0)  # in place of the files' times: equal folders make equal packages


@dataclass(frozen=True)
class PackedFile:
    """`path`: relative to the folder. `bytes`: before packing."""

    path: str
    bytes: int


class Package:
    """The files of `folder` that go along.

    Left out: what `.gitignore` and `.rayignore` of any folder name (`.rayignore` beats nothing: each leaves out more),
    `STAYS_HERE`, and `besides` (the storage of the runs). Links are followed, as Ray does, but not out of a loop.

    Raises SettingsError: the folder is not there or cannot be read.
    """

    def __init__(self, folder: Path, besides: Sequence[Path] = ()) -> None:
        self.folder = folder.resolve()
        self._besides = {path.resolve() for path in besides} - {self.folder}
        self.left_out: list[str] = []
        if not self.folder.is_dir():
            raise SettingsError(f"{folder}: there is no such folder to send. Name it: --working-dir DIR")
        try:
            self.files = sorted(self._files(), key=lambda file: file.path)
        except OSError as error:
            raise SettingsError(
                f"{error.filename}: {error.strerror}; it is part of the folder that is sent. Leave it out by a line "
                f"in {self.folder / '.rayignore'}"
            ) from error

    @property
    def bytes(self) -> int:
        """Of all files together, before packing."""
        return sum(file.bytes for file in self.files)

    @property
    def largest(self) -> list[PackedFile]:
        """The largest files, the largest one first."""
        return sorted(self.files, key=lambda file: -file.bytes)[:_SHOWN]

    def __contains__(self, path: Path) -> bool:
        """Whether that file, or a file of that folder, goes along."""
        try:
            name = path.resolve().relative_to(self.folder).as_posix()
        except ValueError:
            return False
        return any(file.path == name or file.path.startswith(f"{name}/") for file in self.files)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over names and contents; the same for equal folders, whatever their files' times."""
        whole = hashlib.sha256()
        for file in self.files:
            with open(self.folder / file.path, "rb") as source:
                content = hashlib.file_digest(source, "sha256").hexdigest()
            whole.update(f"{file.path}\0{content}\n".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()

    def write(self, into: Path) -> Path:
        """The folder as a zip file in `into`. Raises SettingsError: too large, naming the largest files."""
        if self.bytes > 16 * LIMIT:  # nothing shrinks that much; do not spend minutes on finding out
            raise SettingsError(self._too_large(self.bytes, "before packing"))
        target = into / f"{self.digest[:32]}.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for file in self.files:
                source = self.folder / file.path
                entry = zipfile.ZipInfo(file.path, _STAMP)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o755 if os.access(source, os.X_OK) else 0o644) << 16
                entry.file_size = file.bytes
                with open(source, "rb") as content, archive.open(entry, "w") as packed:
                    shutil.copyfileobj(content, packed)
        if target.stat().st_size > LIMIT:
            raise SettingsError(self._too_large(target.stat().st_size, "packed"))
        return target

    def _too_large(self, total: int, how: str) -> str:
        largest = "; ".join(f"{file.path} {size(file.bytes)}" for file in self.largest)
        return (
            f"{self.folder} is too large to be sent: {len(self.files)} files, {size(total)} {how}, and {size(LIMIT)} is "
            f"what Ray's job server takes (Ray itself keeps packages of up to {size(_KEPT)}). The largest: {largest}. "
            f"Put what the trials do not need into {self.folder / '.rayignore'} (written like a .gitignore), and data "
            "onto storage that the nodes see, named by its path or URL"
        )

    def _files(self) -> Iterator[PackedFile]:
        # Ray's own reading of the ignore files, so that they mean what they mean to `ray job submit`.
        from ray._private.runtime_env.packaging import _get_excludes, get_excludes_from_ignore_files

        def walk(path: Path, ignored: list[object], above: tuple[Path, ...]) -> Iterator[PackedFile]:
            if any(each(path) for each in ignored):  # type: ignore[operator]
                return
            real = path.resolve()
            if path.is_dir():
                if real in above or real in self._besides:
                    self.left_out.append(path.relative_to(self.folder).as_posix())
                    return
                own = get_excludes_from_ignore_files(path, include_gitignore=True, logger=_Silent())
                for child in sorted(path.iterdir()):
                    yield from walk(child, [*ignored, *own], (*above, real))
            elif path.is_file():
                yield PackedFile(path.relative_to(self.folder).as_posix(), path.stat().st_size)

        always = _get_excludes(self.folder, list(STAYS_HERE))
        yield from walk(self.folder, [lambda path: path != self.folder and always(path)], ())


class _Silent:
    """In place of Ray's logger, which tells of every ignore file."""

    def info(self, *_words: object) -> None:
        pass


def size(amount: float) -> str:
    """An amount of bytes for people: 512 B, 3.4 KiB, 120 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
