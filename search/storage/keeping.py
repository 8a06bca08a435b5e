"""A run of a store, driven: alone among all machines, begun from what the store has, sent there as it goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from search.paths import RunPaths
from search.storage.fetching import EVERYTHING, bring_files, bring_journal, exchange
from search.storage.lease import Lease
from search.storage.memo import Synced
from search.storage.mirror import Mirror
from search.storage.places import Home, home_of
from search.storage.segments import FOLDER, epoch_of, segments
from search.storage.store import open_store

__all__ = ["driver_of", "forget", "kept", "mirror_of"]

log = logging.getLogger(__name__)

_kept: dict[Path, Mirror] = {}  # the runs that this process drives


@contextmanager
def kept(paths: RunPaths, stop: Callable[[str], object] | None = None) -> Iterator[None]:
    """Holds a run that belongs to a store, for as long as it is driven; of another one, or a nested one, nothing.

    On the way in: the lease is taken, and what is newer in the store is brought here. On the way out: everything is in
    the store, or a warning says what to do. A run whose directory is gone by then is taken out of the store, too.

    `stop`: asked, with a reason, to end the sweep when another driver has taken over while the store was away.

    Raises LockedError: another driver is at work, here or on another machine. StorageError, JournalError.
    """
    home = home_of(paths)
    if home is None or any(root in _kept for root in (paths.root, paths.root.parent)):
        yield
        return
    store = open_store(home.url)
    mirrors: list[Mirror] = []

    def lost(driver: str) -> None:
        log.warning("%s: %s drives it now; this driver sends nothing any more and ends", home.prefix, driver)
        for mirror in mirrors:
            mirror.cut_off()
        if stop is not None:
            stop(f"{driver} took the run over while its store was away from here")

    with exchange(paths, wait=True):
        before = epoch_of(segments(store.list(f"{home.run}/{FOLDER}")))
        lease = Lease(store, home.run, after=before, lost=lost)
        try:
            if before:
                bring_journal(store, home, paths)
                bring_files(store, home, paths, EVERYTHING)
            end = Synced.read(paths).end if before else 0
            mirror = Mirror(home, paths, epoch=lease.epoch, run_id=lease.run_id, end=end)
            mirrors.append(mirror)
            _kept[paths.root] = mirror
            try:
                yield
            finally:
                del _kept[paths.root]
                if paths.journal.is_file():
                    mirror.finish()
                else:
                    mirror.cut_off()
                    forget(home)
        finally:
            lease.release()


def driver_of(paths: RunPaths) -> str | None:
    """Who drives a run of a store, as of when it was brought here; None: nobody, or it belongs to no store."""
    return Synced.read(paths).driver if home_of(paths) is not None else None


def mirror_of(paths: RunPaths) -> Mirror | None:
    """The mirror of a run that this process drives, to be told of its records."""
    return _kept.get(paths.root)


def forget(home: Home | None) -> None:
    """Take all of a run, or of a confirmation that begins anew, out of its store, manifests and lease first."""
    if home is None:
        return
    store = open_store(home.url)
    keys = [item.key for item in store.list(home.run)]
    store.delete(sorted(keys, key=lambda key: not key.endswith(("/manifest.json", "/lease.json"))))
    for mirror in _kept.values():
        mirror.forget(home)
