"""The copy of a run that is driven on a cluster: journal, settings and small files, byte for byte, in a run directory here.

`show`, `report`, `doctor`, `next` and `compare` work on it as on any run. It never has a driver of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.errors import JournalError, RunExistsError, RunnerError
from search.journal import RunLock, decode
from search.paths import RunPaths, write_atomic
from search.submission.channel import FilePiece, JournalLine

__all__ = ["LocalCopy", "Origin", "make_room", "origin_of", "safe_path"]

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=,+-]{0,199}")
_DEPTH = 12


@dataclass(frozen=True)
class Origin:
    """Where a copied run lives.

    `url`: of the job server, as it was reached last. `storage`: the folder of runs there, or a URL. `by`: who sent it.
    `command`: what came after `tuneyard run`, given in the folder that was sent.
    """

    url: str
    name: str
    storage: str
    by: str
    command: str


def origin_of(paths: RunPaths) -> Origin | None:
    """Where a run is a copy from; None for a run of this machine, or a mark that does not read."""
    try:
        told = json.loads(paths.cluster.read_text(encoding="utf-8"))
        return Origin(**{key: str(told[key]) for key in Origin.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def make_room(paths: RunPaths, name: str) -> Origin | None:
    """Where the copy that lies there comes from, if one does.

    Raises RunExistsError: a run of this machine lies where the copy of `name` would.
    """
    before = origin_of(paths)
    if paths.root.exists() and before is None:
        raise RunExistsError(
            f"{paths.root} is a run of this machine, and the copy of {name} on the cluster would lie there. Give the "
            "new one another name (--name), or its copy another folder (--storage DIR)"
        )
    return before


class LocalCopy:
    """Takes in what the driver says, in whatever order and however often.

    Raises RunExistsError: there is a run of that name here which is no copy of this one. LockedError: another process
    here is following the same run.
    """

    def __init__(self, paths: RunPaths, origin: Origin) -> None:
        self.paths, self.origin = paths, origin
        before = make_room(paths, origin.name)
        if before is not None and before.storage != origin.storage:  # one cluster may be reached by many URLs
            raise RunExistsError(
                f"{paths.root} is the copy of a run in {before.storage} of {before.url}, not of {origin.storage} of "
                f"{origin.url}. Give the new one another name (--name), or move that folder away"
            )
        paths.root.mkdir(parents=True, exist_ok=True)
        self._lock = RunLock(paths.lock)
        write_atomic(paths.cluster, json.dumps(origin.__dict__, indent=2) + "\n")
        self._sizes: dict[str, int] = {}
        self._drop_torn_end()
        self.complete = True

    def close(self) -> None:
        """Let another process follow."""
        self._lock.release()

    def take(self, said: JournalLine | FilePiece) -> Mapping[str, Any] | None:
        """Keep it; returns the record of the run's own journal if it is new here.

        Raises RunnerError: a path that leads out of the run. RunExistsError: another run's journal. JournalError.
        """
        target = self._place(said.path)
        if isinstance(said, FilePiece):
            self._piece(said, target)
            return None
        return self._line(said, target)

    def _line(self, said: JournalLine, target: Path) -> Mapping[str, Any] | None:
        size = self._sizes.setdefault(said.path, target.stat().st_size if target.is_file() else 0)
        end = said.offset + len(said.line)
        if said.offset > size:
            self.complete = False  # what lies between was never told; it is fetched
            return None
        if end <= size:
            with open(target, "rb") as file:
                file.seek(said.offset)
                if file.read(len(said.line)) != said.line:
                    raise RunExistsError(
                        f"{target} tells of another run than {self.origin.name} on {self.origin.url}, which was "
                        "begun anew there. Move that folder away, then look again"
                    )
            return None
        try:
            record = decode(said.line.rstrip(b"\n"))
        except ValueError as error:
            raise JournalError(
                f"{self.origin.name} on {self.origin.url} sent a damaged record: {error}"
            ) from error
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "ab") as file:
            file.write(said.line)
        self._sizes[said.path] = end
        return record

    def _piece(self, said: FilePiece, target: Path) -> None:
        whole = said.offset == 0 and len(said.data) == said.size
        if whole and hashlib.sha256(said.data).hexdigest() == said.sha256:
            write_atomic(target, said.data)

    def _place(self, path: str) -> Path:
        return safe_path(self.paths.root, path)

    def _drop_torn_end(self) -> None:
        """What a copy was cut off in the midst of."""
        for journal in (self.paths.journal, self.paths.confirmation.journal):
            if journal.is_file():
                content = journal.read_bytes()
                if not content.endswith(b"\n"):
                    with open(journal, "r+b") as file:
                        file.truncate(content.rfind(b"\n") + 1)


def safe_path(root: Path, path: str) -> Path:
    """The file below `root` that a cluster means. Raises RunnerError: it would lie elsewhere, or hide."""
    parts = path.split("/")
    sound = len(parts) <= _DEPTH and all(_PART.fullmatch(part) for part in parts)
    target = root.joinpath(*parts) if sound else root
    if sound:
        parent = target.parent
        while not parent.exists():
            parent = parent.parent
        sound = parent.resolve().is_relative_to(root.resolve()) and not target.is_symlink()
    if not sound:
        raise RunnerError(
            f"the cluster sent a file named {path!r}, which is no name in a run directory; refused"
        )
    return target
