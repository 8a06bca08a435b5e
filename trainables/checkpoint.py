"""Checkpoints on disk: complete or absent, and checked before anybody trusts them.

```
<parent>/
  step-00000012-0001/          a checkpoint after step 12; the last number only keeps names apart
    manifest.json              {"format": 1, "step": 12, "files": {"weights.pt": {"sha256": ..., "bytes": ...}}}
    weights.pt
  .writing-<random>/           one that was being written when its process died
```

Nothing here waits for the disk (fsync cost 30 ms a checkpoint, several epochs of a small model): the journal
is the truth, a checkpoint only saves work. After a power cut a torn one fails its checksum, and the one
before it, or the trial's beginning, gives the same metrics again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from trainables.errors import CheckpointError

__all__ = [
    "MANIFEST",
    "NAME",
    "newest_valid",
    "prune",
    "read_checkpoint",
    "receive_checkpoint",
    "write_checkpoint",
]

FORMAT = 1
MANIFEST = "manifest.json"
WRITING = ".writing-"
NAME = re.compile(r"step-(\d{8,})-(\d{4,})")

logger = logging.getLogger(__name__)


def write_checkpoint(directory: Path, save: Callable[[Path], None], step: int) -> Path:
    """Write a checkpoint into a directory of its own under `directory`, which appears whole or not at all.

    Args:
        directory: the trial's folder for checkpoints; created where missing.
        save: called with an empty directory to fill (`Host.save`).
        step: steps done, at least 0.

    Returns:
        the new checkpoint's directory, ``step-<step>-<number>``.

    Raises:
        CheckpointError: `save` left something that is not a plain file.
        OSError: the disk is full or not writable; nothing is left behind, earlier checkpoints stay.
    """
    directory.mkdir(parents=True, exist_ok=True)
    writing = directory / f"{WRITING}{uuid.uuid4().hex}"
    writing.mkdir()
    try:
        save(writing)
        files = {}
        for file in _files(writing):
            files[file.relative_to(writing).as_posix()] = {
                "sha256": _digest(file),
                "bytes": file.stat().st_size,
            }
        manifest = writing / MANIFEST
        manifest.write_text(json.dumps({"format": FORMAT, "step": step, "files": files}, indent=1))
        final = _publish(writing, step)
    except BaseException:
        shutil.rmtree(writing, ignore_errors=True)
        raise
    return final


def receive_checkpoint(directory: Path, bring: Callable[[Path], None]) -> tuple[Path, int]:
    """Take in a checkpoint from elsewhere; it appears under `directory` once it is whole and sound, or not at all.

    Args:
        directory: the trial's folder for checkpoints; created where missing.
        bring: called with an empty directory to fill with the files that `write_checkpoint` wrote.

    Returns:
        its directory and step.

    Raises:
        CheckpointError: as `read_checkpoint`, and whatever `bring` raises; nothing is left behind.
    """
    directory.mkdir(parents=True, exist_ok=True)
    writing = directory / f"{WRITING}{uuid.uuid4().hex}"
    writing.mkdir()
    try:
        bring(writing)
        step = read_checkpoint(writing)
        return _publish(writing, step), step
    except BaseException:
        shutil.rmtree(writing, ignore_errors=True)
        raise


def read_checkpoint(directory: Path) -> int:
    """Verify every file of a checkpoint against its manifest.

    Files that the manifest does not name are ignored: a storage may leave marks of its own.

    Returns:
        the step it was written after.

    Raises:
        CheckpointError: the manifest is missing or unreadable, or a file is missing, cut or altered.
    """
    manifest = directory / MANIFEST
    try:
        content = json.loads(manifest.read_text())
        form, step, files = content["format"], content["step"], content["files"]
        listed = {str(name): (str(entry["sha256"]), int(entry["bytes"])) for name, entry in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{manifest} cannot be read: {type(error).__name__}: {error}") from error
    if form != FORMAT:
        raise CheckpointError(f"{manifest} has format {form!r}, this version reads {FORMAT}")
    if not isinstance(step, int) or step < 0:
        raise CheckpointError(f"{manifest}: step is a whole number of at least 0, not {step!r}")
    root = directory.resolve()
    for name, (digest, size) in listed.items():
        file = directory / name
        if not file.resolve().is_relative_to(root):
            raise CheckpointError(f"{manifest} names {name!r}, which lies outside the checkpoint")
        if not file.is_file():
            raise CheckpointError(f"{file} is missing")
        if file.stat().st_size != size:
            raise CheckpointError(f"{file} has {file.stat().st_size} bytes, {size} were written")
        if _digest(file) != digest:
            raise CheckpointError(f"{file} was altered: its sha256 is not the manifest's")
    return step


def newest_valid(parent: Path, at_most: int | None = None) -> tuple[Path, int] | None:
    """The newest checkpoint under `parent` that verifies; a damaged one is logged and the one before tried.

    Args:
        parent: the trial's folder for checkpoints.
        at_most: leave out those of later steps (a crash can come between a checkpoint and its report); None = no limit.

    Returns:
        its directory and step, or None where there is none.
    """
    for checkpoint in _newest_first(parent):
        try:
            step = read_checkpoint(checkpoint)
            if at_most is None or step <= at_most:
                return checkpoint, step
        except CheckpointError as error:
            logger.warning("a damaged checkpoint is passed over: %s", error)
    return None


def prune(parent: Path, keep: int = 2) -> None:
    """Delete all but the newest checkpoint of each of the last `keep` steps (at least 1), and what died being written.

    Twice the same step, written once before a crash and once after, counts as one: else the step before, from which
    the next attempt goes on if the report of this one was lost, would be gone. To be called by the only writer of `parent`, between writes.
    """
    if keep < 1:
        raise ValueError(f"keep is at least 1, not {keep}")
    kept: set[str] = set()
    for checkpoint in _newest_first(parent):
        step = checkpoint.name.rpartition("-")[0]
        if step in kept or len(kept) == keep:
            shutil.rmtree(checkpoint, ignore_errors=True)
        else:
            kept.add(step)
    for unfinished in parent.glob(f"{WRITING}*"):
        shutil.rmtree(unfinished, ignore_errors=True)


def _newest_first(parent: Path) -> list[Path]:
    found = [(match, p) for p in parent.glob("step-*") if (match := NAME.fullmatch(p.name))]
    return [p for _, p in sorted(found, key=lambda f: (int(f[0][1]), int(f[0][2])), reverse=True)]


def _publish(writing: Path, step: int) -> Path:
    """Rename to the next free name; a directory with files in it is never replaced by a rename."""
    there = [match for p in writing.parent.glob("step-*") if (match := NAME.fullmatch(p.name))]
    number = 1 + max((int(match[2]) for match in there if int(match[1]) == step), default=0)
    while True:
        final = writing.parent / f"step-{step:08d}-{number:04d}"
        if not final.exists():
            try:
                os.rename(writing, final)
                return final
            except OSError:
                if not final.exists():
                    raise
        number += 1


def _files(directory: Path) -> list[Path]:
    found = sorted(directory.rglob("*"))
    for path in found:
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise CheckpointError(f"{path.name}: a checkpoint holds plain files only, no links or devices")
    if directory / MANIFEST in found:
        raise CheckpointError(f"{MANIFEST} is the checkpoint's own file: save() must not write it")
    return [path for path in found if path.is_file()]


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
