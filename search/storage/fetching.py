"""From a store to a local run directory: the journal exactly, other files where the store has newer ones."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TypeVar

from search.errors import JournalError, LockedError, RunNotFoundError
from search.journal import check_lines, lock_holder
from search.paths import RunPaths
from search.storage.checkpoints import fetch_checkpoint
from search.storage.lease import holder_of
from search.storage.memo import Synced
from search.storage.places import Home
from search.storage.segments import FOLDER, Piece, Segment, epoch_of, plan, segments
from search.storage.store import Item, Store, open_store

__all__ = ["BASICS", "EVERYTHING", "bring_checkpoints", "bring_files", "bring_journal", "exchange", "fetch"]

log = logging.getLogger(__name__)
T = TypeVar("T")

AT_ONCE = 16  # objects that are read at the same time
BASICS = ("sweep.yaml", "data.json", "confirm*/journal.jsonl")
"""What reading a run takes besides its journal."""
EVERYTHING = ("*",)
"""All files but checkpoints, which a trial fetches that goes on from one."""
_OF_WORKERS = "trials/"  # the only files that a driver does not write, or not alone
_NEVER = ("lease.json", f"{FOLDER}/", "lock", "journal.jsonl")


def fetch(url: str, name: str, into: Path | None = None, *, files: Iterable[str] = BASICS) -> RunPaths:
    """A local run directory of a run in a store, as new as the store.

    Where a driver works in it, here, it is newer than the store: only what workers of other nodes wrote is brought.

    Args:
        into: the run directory to make or bring up to date; None: the one below this machine's cache.
        files: glob patterns of what is brought besides the journal, relative to the run (`tensorboard/*`).

    Raises RunNotFoundError, StorageError; JournalError: its journal is damaged or has a gap.
    """
    home = Home(url, name)
    paths = home.paths if into is None else RunPaths(into)
    with exchange(paths, wait=False) as alone:
        if alone:
            bring_journal(open_store(url), home, paths)
        bring_files(
            open_store(url), home, paths, [each for each in files if alone or each.startswith(_OF_WORKERS)]
        )
    return paths


@contextlib.contextmanager
def exchange(paths: RunPaths, *, wait: bool) -> Iterator[bool]:
    """While this is open nobody else on this machine brings the directory in line with its store.

    False: somebody does, or drives it, and has an eye on the journal. Raises LockedError: with `wait`, a driver does.
    """
    paths.root.mkdir(parents=True, exist_ok=True)
    with open(paths.exchanging, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            driver = lock_holder(paths.lock)
            if driver is not None and wait:
                raise LockedError(
                    f"{paths.root}: {driver} is working on this run. Wait for it, or stop it, then resume"
                ) from None
            if driver is not None or (not wait and paths.journal.is_file()):
                yield False
                return
            fcntl.flock(file, fcntl.LOCK_EX)
        yield True


def bring_journal(store: Store, home: Home, paths: RunPaths) -> int:
    """Bring the local journal in line with the store's; returns the number of its last driver.

    Records that only this machine has stay, where the store's are their beginning. Where both went on differently, the
    store's count, and the local journal is put aside.

    Raises RunNotFoundError: there is none, here or there. JournalError, StorageError.
    """
    items = store.list(f"{home.run}/{FOLDER}")
    found = segments(items)
    pieces = plan(found, home.prefix)
    if not pieces and not paths.journal.is_file():
        raise RunNotFoundError(
            f"no run {home.run!r} in {home.url}; list them: tuneyard ls --storage {home.url}"
        )
    run_id, driver = holder_of(store, home.run)
    memo = Synced.read(paths)
    if run_id and memo.run_id and memo.run_id != run_id:
        _put_aside(paths, memo)
        memo = Synced()
    known = _known(memo, found, paths)
    theirs = b"".join(_read(store, home, [each for each in pieces if each.end > known], known))
    end, epoch = known + len(theirs), epoch_of(found)
    _merge(paths, known, theirs, home)
    Synced(epoch, end, run_id, driver).write(paths)
    if items:
        newest = max(item.modified for item in items)
        os.utime(paths.journal, (newest, newest))
    return epoch


def bring_files(store: Store, home: Home, paths: RunPaths, patterns: Iterable[str]) -> None:
    """Bring the files that match, where the store's are newer, and longer or shorter. Raises StorageError."""
    wanted = tuple(patterns)
    items = [
        item
        for item in _listed(store, home.run, wanted)
        if _matches(name := item.key.removeprefix(f"{home.run}/"), wanted)
        and _is_newer(item, paths.root / name)
    ]

    def bring(item: Item) -> None:
        file = paths.root / item.key.removeprefix(f"{home.run}/")
        if not file.parent.resolve().is_relative_to(paths.root.resolve()) or file.is_symlink():
            return  # a link in the run directory would lead out of it
        with contextlib.suppress(KeyError):  # deleted since it was listed
            store.get_file(item.key, file)
            os.utime(file, (item.modified, item.modified))

    _at_once(bring, items)


def bring_checkpoints(store: Store, home: Home, paths: RunPaths, numbers: Iterable[int]) -> None:
    """Bring the newest checkpoint of each of these trials that has none here. Raises StorageError."""

    def bring(number: int) -> None:
        folder = paths.checkpoints(number)
        if not folder.is_dir() or not any(folder.iterdir()):
            fetch_checkpoint(store, f"{home.run}/{paths.relative(paths.trial(number))}", folder)

    _at_once(bring, numbers)


def _at_once(call: Callable[[T], None], each: Iterable[T]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(call, each))


def _listed(store: Store, run: str, patterns: tuple[str, ...]) -> list[Item]:
    """The objects below the folders that patterns begin with: a run may have very many."""
    items: list[Item] = []
    for pattern in patterns:
        folder = pattern.partition("*")[0].rpartition("/")[0]
        if "*" in pattern:
            items += (
                store.list(f"{run}/{folder}".rstrip("/"))
                if folder or pattern == "*"
                else _shallow(store, run, pattern)
            )
        elif (item := store.find(f"{run}/{pattern}")) is not None:
            items.append(item)
    return list({item.key: item for item in items}.values())


def _shallow(store: Store, run: str, pattern: str) -> list[Item]:
    """`confirm*/journal.jsonl`: a file in each of the folders that match."""
    head, _, tail = pattern.partition("/")
    names = [name for name in store.folders(run) if PurePosixPath(name).match(head)]
    return [item for name in names if (item := store.find(f"{run}/{name}/{tail}")) is not None]


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    if name.startswith(_NEVER) or "/checkpoints/" in name or "/." in f"/{name}":
        return False
    return any(
        pattern == "*" or name.startswith(pattern.removesuffix("*")) or PurePosixPath(name).match(pattern)
        for pattern in patterns
    )


def _is_newer(item: Item, file: Path) -> bool:
    try:
        here = file.stat()
    except OSError:
        return True
    if file.suffix == ".log":  # it only grows, and a worker may have it open
        return item.size > here.st_size
    return here.st_size != item.size and item.modified > here.st_mtime


def _put_aside(paths: RunPaths, memo: Synced) -> None:
    """Make room for another run of the same name: that of the store."""
    aside = paths.root.with_name(f"{paths.name[:50]}-gone-{memo.run_id[:6]}")
    paths.root.rename(aside)
    paths.root.mkdir()
    log.warning(
        "%s was another run of that name, which its store does not have any more; it is kept in %s",
        paths.name,
        aside,
    )


def _known(memo: Synced, found: list[Segment], paths: RunPaths) -> int:
    """How many bytes of the local journal are the store's, without reading either."""
    try:
        size = paths.journal.stat().st_size
    except OSError:
        return 0
    later = [each.offset for each in found if each.epoch > memo.epoch]
    return min([memo.end, size, *later])


def _read(store: Store, home: Home, pieces: list[Piece], known: int) -> list[bytes]:
    def read(piece: Piece) -> bytes:
        key = f"{home.run}/{FOLDER}/{piece.segment.name}"
        try:
            content = store.get(key)[: piece.end - piece.start]
            if len(content) < piece.end - piece.start:
                raise ValueError(f"has {len(content)} bytes, {piece.end - piece.start} were listed")
            check_lines(content)
        except (KeyError, ValueError) as error:
            raise JournalError(
                f"{home.url}/{key}: damaged or gone ({error}). Restore that object from a copy, or resume the run on the "
                "machine where it ran last"
            ) from error
        return content[max(0, known - piece.start) :]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(read, pieces))


def _merge(paths: RunPaths, known: int, theirs: bytes, home: Home) -> None:
    """Put the store's bytes from `known` on in the place of the local ones, unless those go further."""
    if not paths.journal.is_file():
        paths.journal.touch()
    with open(paths.journal, "r+b") as file:
        file.seek(known)
        ours = file.read()
        ours = ours[: ours.rfind(b"\n") + 1]  # a torn last line was never acknowledged
        if ours.startswith(theirs):
            return
        if not theirs.startswith(ours):
            aside = paths.journal.with_name(f"journal-here-only-{known}.jsonl")
            aside.write_bytes(ours)
            log.warning(
                "%s went on elsewhere while its last records here had not reached %s; what went on there counts, and "
                "the records of this machine are kept in %s",
                paths.name,
                home.url,
                aside,
            )
        file.seek(known)
        file.truncate()
        file.write(theirs)
        file.flush()
        os.fsync(file.fileno())
