"""The runs of a storage, whatever it is: a folder, or a URL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from search import paths as folders
from search.errors import RunNotFoundError, SettingsError
from search.paths import RunPaths, check_name
from search.storage.fetching import BASICS, fetch
from search.storage.places import check_url, claim, home_of, is_remote
from search.storage.segments import FOLDER
from search.storage.store import Store, open_store

__all__ = ["bring", "find_run", "list_runs", "run_names", "split_reference"]

_TRIAL = re.compile(r"t?\d+")


def find_run(storage: str | Path, reference: str | Path, *, files: Iterable[str] = BASICS) -> RunPaths:
    """The run that `reference` means: a name, a unique prefix of one, `last`, a path, or a URL (`s3://bucket/prefix/NAME`).

    A run of a store is brought into this machine's cache, its journal and what matches `files`; see `fetch`.

    Raises RunNotFoundError: none or several match; StorageError, JournalError.
    """
    storage, reference = split_reference(storage, str(reference))
    if not is_remote(storage):
        return folders.find_run(Path(storage), reference)
    url = check_url(str(storage))
    names = run_names(url)
    if reference in names:
        name = reference
    elif reference == "last" and names:
        name = _last(url, names)
    elif (local := RunPaths(Path(reference))).journal.is_file():
        return RunPaths(local.root.resolve())
    else:
        name = _by_prefix(url, names, reference)
    claim(url)
    return fetch(url, name, files=files)


def list_runs(storage: str | Path) -> list[RunPaths]:
    """The runs of a storage, the one written to last coming last; of a store with their journals up to date."""
    if not is_remote(storage):
        return folders.list_runs(Path(storage))
    url = check_url(str(storage))
    root = claim(url)
    for name in run_names(url):
        fetch(url, name, files=())
    return folders.list_runs(root)


def bring(paths: RunPaths, *files: str) -> None:
    """Bring what matches `files` of a run that belongs to a store and was found before; of another run nothing."""
    home = home_of(paths)
    if home is not None:
        fetch(home.url, home.run, files=files)


def run_names(url: str) -> list[str]:
    """Names of the runs of a store, and of those in the cache that have not reached it. Raises StorageError."""
    store = open_store(url)
    there = {name for name in store.folders() if _is_name(name)}
    here = {run.name for run in folders.list_runs(claim(url))}
    return sorted(there | here)


def split_reference(storage: str | Path, reference: str) -> tuple[str | Path, str]:
    """`s3://bucket/prefix/NAME` names its storage itself; anything else lies in `storage`."""
    if not is_remote(reference):
        return storage, reference
    url, _, name = reference.rstrip("/").rpartition("/")
    if not name or url.endswith("/"):
        raise SettingsError(f"{reference}: names no run; write s3://BUCKET/PREFIX/NAME")
    return url, name


def _is_name(name: str) -> bool:
    try:
        return check_name(name) == name
    except SettingsError:
        return False


def _last(url: str, names: list[str]) -> str:
    """The run whose journal was written to last."""
    store = open_store(url)
    return max(names, key=lambda name: (_written(store, url, name), name))


def _written(store: Store, url: str, name: str) -> float:
    there = [item.modified for item in store.list(f"{name}/{FOLDER}")]
    if there:
        return max(there)
    return RunPaths(claim(url) / name).journal.stat().st_mtime


def _by_prefix(url: str, names: list[str], reference: str) -> str:
    import difflib

    matches = [name for name in names if reference and name.startswith(reference)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise RunNotFoundError(
            f"{reference!r} is the beginning of {len(matches)} runs: {', '.join(matches[:8])}"
        )
    if not names:
        raise RunNotFoundError(f"no run in {url} yet. Start one: tuneyard run FILE --storage {url}")
    near = difflib.get_close_matches(reference, names, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else f"list them: tuneyard ls --storage {url}"
    raise RunNotFoundError(f"no run {reference!r} in {url}; {hint}")
