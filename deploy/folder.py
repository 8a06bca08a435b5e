"""A model folder as a whole: written under a temporary name, then renamed; every file with its hash in the manifest."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deploy.errors import DeployError, ModelError

__all__ = ["MANIFEST", "read_json", "verified", "write_folder", "write_json"]

FORMAT = 1
MANIFEST = "manifest.json"


def write_folder(folder: Path, fill: Callable[[Path], None], *, force: bool) -> str:
    """Write a model folder; it appears whole or not at all.

    Args:
        folder: where; its parents are made.
        fill: called with an empty folder to write plain files into.
        force: replace a model folder that is there; anything else is never replaced.

    Returns:
        the version: the first 12 characters of the manifest's SHA-256.

    Raises:
        DeployError: something is there already.
        OSError: the disk is full or not writable.
    """
    folder = Path(os.path.abspath(folder))
    if folder.exists() or folder.is_symlink():
        if not force:
            raise DeployError(f"{folder} is there already; choose another name (-o), or replace it: --force")
        if folder.is_symlink() or not (folder / MANIFEST).is_file():
            raise DeployError(f"{folder} is no model folder, and is not replaced; choose another name (-o)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    writing = folder.with_name(f".{folder.name}.writing-{uuid.uuid4().hex}")
    writing.mkdir()
    try:
        fill(writing)
        files = {
            file.name: {"sha256": _digest(file), "bytes": file.stat().st_size}
            for file in sorted(writing.iterdir())
        }
        text = json.dumps({"format": FORMAT, "files": files}, indent=1)
        (writing / MANIFEST).write_text(text, encoding="utf-8")
        _put_in_place(writing, folder)
    finally:
        shutil.rmtree(writing, ignore_errors=True)
    return _version(text.encode())


def verified(folder: Path) -> str:
    """Verify every file of a model folder; the version as `write_folder` gave it.

    Raises:
        ModelError: a file is missing, changed, or not in the manifest; names it.
    """
    manifest = folder / MANIFEST
    try:
        content = manifest.read_bytes()
        said = json.loads(content)
        form = said["format"]
        files = {str(name): (str(each["sha256"]), int(each["bytes"])) for name, each in said["files"].items()}
    except FileNotFoundError as error:
        known = "there is no such folder" if not folder.is_dir() else f"it has no {MANIFEST}"
        raise ModelError(
            f"{folder} is no model folder: {known}. Write one: tuneyard export RUN -o DIR"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{manifest} cannot be read: {error!r}; export the model again") from error
    if form != FORMAT:
        raise ModelError(
            f"{manifest} has format {form!r}, this version reads {FORMAT}; export the model again"
        )
    there = {file.name for file in folder.iterdir()}
    for name in sorted(there - set(files) - {MANIFEST}):
        raise ModelError(f"{folder / name} is not in {MANIFEST}: it came later; remove it, or export again")
    for name, (digest, size) in files.items():
        file = folder / name
        if Path(name).name != name or name not in there:
            raise ModelError(f"{file} is missing; export the model again")
        if file.is_symlink() or not file.is_file():
            raise ModelError(f"{file} is no plain file; export the model again")
        if file.stat().st_size != size or _digest(file) != digest:
            raise ModelError(f"{file} was changed since the export; export the model again")
    return _version(content)


def read_json(file: Path) -> Any:
    """The content of a JSON file of a verified folder. Raises ModelError: it is none, or is missing."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file} cannot be read: {error}; export the model again") from error


def write_json(file: Path, value: Any) -> None:
    """Strict JSON; a number that JSON does not know becomes null."""
    file.write_text(json.dumps(_strict(value), indent=1, allow_nan=False), encoding="utf-8")


def _strict(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    return [_strict(item) for item in value] if isinstance(value, list | tuple) else value


def _version(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:12]


def _put_in_place(writing: Path, folder: Path) -> None:
    """Rename; an earlier folder is put aside first, and back again if that fails."""
    if not folder.exists():
        os.replace(writing, folder)
        return
    aside = folder.with_name(f".{folder.name}.replaced-{uuid.uuid4().hex}")
    os.replace(folder, aside)
    try:
        os.replace(writing, folder)
    except OSError:
        os.replace(aside, folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
