"""Checkpoints in a store: whole or not taken, two of each trial, the newest first.

    <run>/trials/t00003/checkpoints/step-00000012-48213307/weights.pt
    <run>/trials/t00003/checkpoints/step-00000012-48213307/manifest.json    written last, deleted first

The last number is drawn at random: two nodes that write the same step never write into one folder.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from search.errors import StorageError
from search.paths import RunPaths
from search.storage.places import Home
from search.storage.store import Item, Store, open_store
from trainables.checkpoint import MANIFEST, NAME, newest_valid, receive_checkpoint
from trainables.errors import CheckpointError

__all__ = ["KEPT", "fetch_checkpoint", "newest_local", "put_checkpoint", "resume_point", "steps_of"]

log = logging.getLogger(__name__)

KEPT = 2  # steps of which a trial keeps a checkpoint in the store
UNDER_WAY = (
    5.0  # seconds that a trial waits for a checkpoint which the node that it left may still be sending
)
_KEY = re.compile(r"(?P<trial>.*)/checkpoints/(?P<name>step-(?P<step>\d{8,})-\d{4,})/(?P<file>.+)")


def steps_of(items: Iterable[Item]) -> dict[str, set[int]]:
    """Steps of the complete checkpoints among the objects of a run, by the key of the trial's folder."""
    found: dict[str, set[int]] = {}
    for item in items:
        named = _KEY.fullmatch(item.key)
        if named and named["file"] == MANIFEST:
            found.setdefault(named["trial"], set()).add(int(named["step"]))
    return found


def newest_local(folder: Path) -> tuple[Path, int] | None:
    """The newest checkpoint in a trial's folder by its name alone, and its step."""
    named = [(found, path) for path in _children(folder) if (found := NAME.fullmatch(path.name))]
    if not named:
        return None
    found, path = max(named, key=lambda each: (int(each[0][1]), int(each[0][2])))
    return path, int(found[1])


def put_checkpoint(store: Store, trial: str, checkpoint: Path, step: int, workshop: Path) -> bool:
    """Send a checkpoint, then delete what it supersedes.

    Args:
        trial: key of the trial's folder.
        workshop: a folder on the checkpoint's file system, for links to its files: the trial may delete it meanwhile.

    Returns:
        False where the trial has deleted it already. Raises StorageError.
    """
    with _held(checkpoint, workshop) as held:
        if held is None:
            return False
        folder = f"{trial}/checkpoints/step-{step:08d}-{secrets.randbelow(10**8):08d}"
        files = sorted(path.relative_to(held).as_posix() for path in held.rglob("*") if path.is_file())
        for name in (*(each for each in files if each != MANIFEST), MANIFEST):
            store.put_file(f"{folder}/{name}", held / name)
    _prune(store, trial, step)
    return True


def fetch_checkpoint(
    store: Store, trial: str, folder: Path, at_most: int | None = None
) -> tuple[Path, int] | None:
    """Bring the newest sound checkpoint of a trial into its local folder; a damaged one is logged and the one before tried.

    Returns its directory and step, or None where there is none. Raises StorageError.
    """
    for step, name, items in _newest_first(store.list(f"{trial}/checkpoints")):
        if at_most is not None and step > at_most:
            continue

        def bring(into: Path, items: list[Item] = items, name: str = name) -> None:
            for item in items:
                store.get_file(item.key, into / item.key.partition(f"/{name}/")[2])

        try:
            return receive_checkpoint(folder, bring)
        except (CheckpointError, KeyError) as error:  # KeyError: superseded while it was read
            log.warning("a damaged checkpoint in %s is passed over: %s", store.url, error)
    return None


def resume_point(
    paths: RunPaths, number: int, reported: int, *, home: Home | None = None, every: int = 0
) -> tuple[Path, int] | None:
    """The checkpoint from which a trial goes on, and its step: the newest sound one of no more than `reported` steps.

    Args:
        home: the store that the run belongs to, where a newer one may lie; None: what is here is all there is.
        every: steps between two checkpoints, where another node may still be sending the newest: one more than so many steps
            behind is waited for, some seconds. 0 = nobody sends anything.
    """
    if not reported:
        return None
    if home is None:
        return newest_valid(paths.checkpoints(number), at_most=reported)
    return _arrived(home, paths, number, reported, every)


def _arrived(home: Home, paths: RunPaths, number: int, reported: int, every: int) -> tuple[Path, int] | None:
    """The newer of what is here and in the store.

    A store that is away is warned of, and what is here is taken.
    """
    trial = f"{home.run}/{paths.relative(paths.trial(number))}"
    folder, deadline = paths.checkpoints(number), time.monotonic() + UNDER_WAY
    here = newest_valid(folder, at_most=reported)
    try:
        store = open_store(home.url)
        while True:
            there = steps_of(store.list(f"{trial}/checkpoints")).get(trial, set())
            best = max((step for step in there if step <= reported), default=0)
            newest = max(best, here[1] if here else 0)
            if not every or newest > reported - every or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        if here is None or best > here[1]:
            return fetch_checkpoint(store, trial, folder, reported) or here
    except StorageError as error:
        log.warning(
            "what the store holds of this trial is not known, it goes on from what is here: %s", error
        )
    return here


def _prune(store: Store, trial: str, step: int) -> None:
    """Delete all of this trial but the newest `KEPT` steps up to `step`, and what never became whole of earlier ones."""
    kept: set[int] = set()
    doomed: list[str] = []
    for each, _, items in _newest_first(store.list(f"{trial}/checkpoints")):
        if each > step:
            continue
        whole = any(item.key.endswith(f"/{MANIFEST}") for item in items)
        if whole and (each in kept or len(kept) < KEPT):
            kept.add(each)
        elif each < step:  # not of this step: another node may be writing it
            doomed += sorted((item.key for item in items), key=lambda key: not key.endswith(f"/{MANIFEST}"))
    store.delete(doomed)


def _newest_first(items: Iterable[Item]) -> list[tuple[int, str, list[Item]]]:
    found: dict[str, tuple[int, list[Item]]] = {}
    for item in items:
        named = _KEY.fullmatch(item.key)
        if named:
            found.setdefault(named["name"], (int(named["step"]), []))[1].append(item)
    return sorted(
        ((step, name, each) for name, (step, each) in found.items()), key=lambda one: one[:2], reverse=True
    )


@contextlib.contextmanager
def _held(checkpoint: Path, workshop: Path) -> Iterator[Path | None]:
    """Links to the files of a checkpoint, which is never changed but may be deleted any time; None: it was."""
    held = workshop / secrets.token_hex(8)
    try:
        try:
            shutil.copytree(checkpoint, held, copy_function=_link)
            whole = (held / MANIFEST).is_file()
        except (OSError, shutil.Error):
            whole = False
        yield held if whole else None
    finally:
        shutil.rmtree(held, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
