"""A run's directory on a node of a cluster, which need not be the driver's: each node has a cache of its own."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from search.paths import RunPaths, write_atomic
from search.storage.places import Home, claim

__all__ = ["Outpost"]


@dataclass(frozen=True)
class Outpost:
    """What a node has to know of a run that lives in a store.

    `driver`: what stands in the lock of the driver's directory; a node that reads the same shares that directory.
    `run_id`: of the journal's first line; tells the run from an earlier one of the same name.
    """

    home: Home
    driver: str
    run_id: str

    @classmethod
    def of(cls, home: Home, paths: RunPaths) -> Outpost:
        """To be called by the driver, once its journal has been begun."""
        return cls(home, _text(paths.lock), _run_id(paths))

    @property
    def shared(self) -> bool:
        """Whether this node's directory is the driver's."""
        return bool(self.driver) and _text(self.home.paths.lock) == self.driver

    def directory(self) -> RunPaths:
        """This node's run directory. What an earlier run of the same name left in it is deleted, once."""
        root, paths = claim(self.home.url), self.home.paths
        with _alone(root / f".{self.run_id}.lock"):
            if not self.shared and _text(paths.run_id) != self.run_id:
                if _run_id(paths) != self.run_id:  # not even the same run, looked at from here
                    shutil.rmtree(paths.root, ignore_errors=True)
                write_atomic(paths.run_id, self.run_id)
        return paths


def _run_id(paths: RunPaths) -> str:
    try:
        with open(paths.journal, "rb") as file:
            return hashlib.sha256(file.readline()).hexdigest()[:16]
    except OSError:
        return ""


def _text(path: Path) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(200)
    except OSError:
        return ""


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with open(lock, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
