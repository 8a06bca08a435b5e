"""The driver's side on the head: where its sources lie, and whether the run of its name is the one that it is to run."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search.errors import LockedError, RunExistsError
from search.journal import iterate_journal, lock_holder
from search.paths import RunPaths, check_name
from search.storage import claim, find_run, is_remote, run_names
from search.submission.identity import differences
from search.trust import unwritable_by_others

__all__ = ["Site"]

_SOURCES = ".sources"  # beside the runs


class Site:
    """The place of one run on the head.

    `storage`: a folder (`~` is the home of who runs Ray), or the URL of an object store. `name`: of the run.
    """

    def __init__(self, storage: str, name: str) -> None:
        self.name = check_name(name)
        self.remote = is_remote(storage)
        self.storage = storage if self.remote else str(Path(storage).expanduser().resolve())
        self._root = claim(storage) if self.remote else Path(self.storage)
        with unwritable_by_others():
            self._root.mkdir(parents=True, exist_ok=True)

    def keep_sources(self, folder: Path) -> Path:
        """A copy of the uploaded folder beside the runs; returns where.

        Ray's own copy goes with the cluster, and the journal names the folder that the sweep was begun in: a resume
        looks for the user's files, and the workers for their data, where they lay. Raises LockedError: a driver uses
        them.
        """
        paths = RunPaths(self._root / self.name)
        holder = lock_holder(paths.lock)
        if holder is not None:
            raise LockedError(f"{paths.root}: {holder} is working on this run. Wait for it, or stop it")
        kept = self._root / _SOURCES / self.name
        fresh = kept.with_name(f".{self.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        try:
            with unwritable_by_others():
                shutil.copytree(folder, fresh)
            if kept.exists():
                old = fresh.with_name(f"{fresh.name}.old")
                kept.rename(old)
                fresh.rename(kept)
                shutil.rmtree(old, ignore_errors=True)
            else:
                fresh.rename(kept)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return kept

    def begun(self, wanted: Mapping[str, Any]) -> bool:
        """Whether the storage holds the run already, to go on with. What a driver left that was killed before its first
        record is cleared away.

        `wanted`: the resolved settings of now. Raises RunExistsError: the run of that name is another sweep, or was
        begun with its folder elsewhere.
        """
        if self.remote:
            if self.name not in run_names(self.storage):
                return False
            paths = find_run(self.storage, self.name)
        else:
            paths = RunPaths(self._root / self.name)
            if not _has_header(paths):
                _clear(paths)
                return False
        recorded = next(iter(iterate_journal(paths.journal)))["about"].get("settings", {})
        if found := differences(recorded, wanted):
            raise RunExistsError(
                f"a run {self.name} is in {self.storage} on this cluster, and it is another sweep (it differs in "
                f"{', '.join(found)}). Give this one another name: --name"
            )
        if recorded.get("base") != wanted.get("base"):
            raise RunExistsError(
                f"the run {self.name} in {self.storage} was begun with its folder in {recorded.get('base')}, and here it "
                f"is {wanted.get('base')}: it was not submitted, or from another home. Give this one another name: --name"
            )
        return True


def _has_header(paths: RunPaths) -> bool:
    try:
        with open(paths.journal, "rb") as file:
            return file.readline().endswith(b"\n")
    except OSError:
        return False


def _clear(paths: RunPaths) -> None:
    if paths.root.is_dir() and lock_holder(paths.lock) is None:
        for left in (paths.journal, paths.settings, paths.lock):
            left.unlink(missing_ok=True)
        paths.root.rmdir()  # refuses where anything else lies there
