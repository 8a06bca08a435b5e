"""One number for a folder: SHA-256 over the names and contents of its files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from deploy.errors import DeployError

__all__ = ["fingerprint_of"]


def fingerprint_of(folder: Path) -> str:
    """SHA-256, hexadecimal, over the relative names and contents of all files below a folder, in the order of names.

    Raises:
        DeployError: something in it is no plain file: a link, a pipe.
    """
    whole = hashlib.sha256()
    for path in sorted(_files(folder), key=lambda each: each.relative_to(folder).as_posix()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()


def _files(folder: Path) -> list[Path]:
    found = []
    for where, folders, names in os.walk(folder):
        for path in (Path(where) / name for name in folders + names):
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise DeployError(
                    f"{path} is a link or no plain file, and a model folder holds plain files alone. Put what it "
                    "means in its place"
                )
        found += [Path(where) / name for name in names]
    return found
