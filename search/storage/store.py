"""An object store behind fsspec: a handful of verbs, each tried again with growing pauses while the store is away."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from uuid import uuid4

from search.errors import StorageError
from search.storage.places import check_url

__all__ = ["Item", "Store", "arrow_place", "open_store", "safe_key"]

log = logging.getLogger(__name__)
T = TypeVar("T")

TRIES = 7  # with the pauses below about 16 seconds, beyond what the calls themselves take
FIRST_PAUSE, LONGEST_PAUSE = (
    0.25,
    8.0,
)  # seconds; each pause is twice the one before, shortened at random by up to half
PATIENCE = 20.0  # seconds after which a call that hung each time is not tried again
SILENCE = 10.0  # seconds without a byte after which a read counts as hung
HANGS, SLOWEST = 20.0, 256 * 1024  # seconds, and bytes a second, beyond which a write counts as hung
EXTRAS = {
    "s3": "tuneyard[s3]",
    "s3a": "tuneyard[s3]",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
}
_WHOLE = (
    "s3",
    "s3a",
    "gs",
    "gcs",
    "az",
    "abfs",
    "adl",
    "oss",
    "memory",
)  # an object appears whole or not at all
_UNFINISHED = ".unfinished-"

# Not to be tried again: the answer would be the same.
_FINAL = (
    FileNotFoundError,
    PermissionError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    ImportError,
)
_FINAL_NAMES = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "ParamValidationError",
    "InvalidRegionError",
)


@dataclass(frozen=True)
class Item:
    """One object. `key`: below the store's URL. `modified`: by the store's clock, seconds since 1970; 0.0 where unknown."""

    key: str
    size: int
    modified: float


def safe_key(key: str) -> bool:
    """Whether a key names a file below a root, on any machine: no way up, no absolute path, no control characters."""
    parts = key.split("/")
    return (
        all(part not in ("", ".", "..") for part in parts)
        and "\\" not in key
        and key.isprintable()
        and all(len(part.encode()) <= 255 for part in parts)
    )


class Store:
    """The objects below a URL. Safe to use from several threads.

    Args:
        url: any URL that fsspec knows; credentials and endpoints come from the environment of this process.
        tries: of each call, with growing pauses between them; None = `TRIES`.

    Raises:
        StorageError: from every verb: the store stays away, refuses, or its library is not installed.
    """

    def __init__(self, url: str, *, tries: int | None = None) -> None:
        self.url = check_url(url)
        self._tries = TRIES if tries is None else tries
        self._protocol = self.url.partition("://")[0]
        self._fs, self._root = _file_system(self.url)
        self._closed = threading.Event()

    def put(self, key: str, content: bytes) -> None:
        """Write an object; a reader sees the old one or the new."""
        self._write(key, lambda path: self._fs.pipe_file(path, content, **self._limit(len(content))))

    def put_file(self, key: str, file: Path) -> None:
        """Write an object from a file. Raises also FileNotFoundError: the file is gone."""
        if not file.is_file():
            raise FileNotFoundError(file)
        limit = self._limit(file.stat().st_size)
        self._write(key, lambda path: self._fs.put_file(str(file), path, **limit))

    def create(self, key: str, content: bytes) -> bool:
        """Write an object unless there is one; False where there is."""

        def write() -> bool:
            try:
                self._make_parents(key)
                self._fs.pipe_file(self._path(key), content, mode="create", **self._limit(len(content)))
            except FileExistsError:
                return False
            return True

        return self._call(f"write {key}", write)

    def get(self, key: str) -> bytes:
        """The content of an object. Raises KeyError: there is none."""
        found: bytes = self._found(key, lambda: self._fs.cat_file(self._path(key)))
        return found

    def get_file(self, key: str, file: Path) -> None:
        """Write an object to a file, whose folder is made; it appears whole. Raises KeyError: there is none."""
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name[:200]}.{uuid4().hex[:8]}.tmp")
        try:
            self._found(key, lambda: self._fs.get_file(self._path(key), str(unfinished)))
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)

    def list(self, prefix: str = "") -> Sequence[Item]:
        """Every object below a prefix that is a folder, sorted by key; keys that are no safe file names are left out."""

        def find() -> dict[str, dict[str, Any]]:
            try:
                found: dict[str, dict[str, Any]] = self._fs.find(self._path(prefix), detail=True)
            except FileNotFoundError:
                self._bucket_exists()
                return {}
            return found

        items = []
        for path, info in self._call(f"list {prefix or 'it'}", find).items():
            key = self._key(path)
            if info.get("type") == "file" and _UNFINISHED not in key and safe_key(key):
                items.append(Item(key, int(info["size"] or 0), _modified(info)))
        return sorted(items, key=lambda item: item.key)

    def folders(self, prefix: str = "") -> Sequence[str]:
        """Names of the folders right below a prefix, sorted."""

        def ls() -> Sequence[dict[str, Any]]:
            try:
                found: Sequence[dict[str, Any]] = self._fs.ls(self._path(prefix), detail=True)
            except FileNotFoundError:
                self._bucket_exists()
                return []
            return found

        found = self._call(f"list {prefix or 'it'}", ls)
        names = {
            PurePosixPath(str(info["name"]).rstrip("/")).name for info in found if info["type"] == "directory"
        }
        return sorted(names)

    def exists(self, key: str) -> bool:
        """Whether there is an object of that key."""
        return self.find(key) is not None

    def find(self, key: str) -> Item | None:
        """What there is to say of an object; None where there is none."""
        try:
            info = self._found(key, lambda: self._fs.info(self._path(key)))
        except KeyError:
            return None
        return Item(key, int(info["size"] or 0), _modified(info))

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, in this order; one that is not there is no error."""

        def remove(key: str) -> None:
            with contextlib.suppress(FileNotFoundError):
                self._fs.rm_file(self._path(key))

        for key in keys:
            self._call(f"delete {key}", partial(remove, key))

    def hurry(self) -> None:
        """From now on no call is tried again: the process is about to end."""
        self._closed.set()

    # -- inside ---------------------------------------------------------------------------------------------------

    def _limit(self, size: int) -> dict[str, float]:
        """A server that takes a connection and then says nothing holds up a PUT for ever: no read timeout is set for the
        answer that it may begin (100-continue)."""
        return {"timeout": HANGS + size / SLOWEST} if self._fs.async_impl else {}

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}" if key else self._root

    def _key(self, path: str) -> str:
        return str(self._fs._strip_protocol(path)).removeprefix(self._root).lstrip("/")

    def _write(self, key: str, write: Callable[[str], Any]) -> None:
        def once() -> None:
            path = self._path(key)
            self._make_parents(key)
            if self._protocol in _WHOLE:
                write(path)
                return
            unfinished = f"{path}{_UNFINISHED}{uuid4().hex[:8]}"
            try:
                write(unfinished)
                self._fs.mv(unfinished, path)
            except BaseException:
                if self._fs.exists(unfinished):
                    self._fs.rm_file(unfinished)
                raise

        self._call(f"write {key}", once)

    def _make_parents(self, key: str) -> None:
        if self._protocol not in _WHOLE:
            self._fs.makedirs(self._path(key).rpartition("/")[0], exist_ok=True)

    def _found(self, key: str, read: Callable[[], T]) -> T:
        def once() -> T:
            try:
                return read()
            except FileNotFoundError:
                self._bucket_exists()
                raise KeyError(key) from None

        return self._call(f"read {key}", once)

    def _bucket_exists(self) -> None:
        """Raises FileNotFoundError: it is the bucket itself that is missing, not what was asked for in it."""
        if self._protocol in ("s3", "s3a", "gs", "gcs"):
            bucket = self._root.partition("/")[0]
            self._fs.ls(bucket, detail=False)

    def _call(self, what: str, call: Callable[[], T]) -> T:
        pause, began = FIRST_PAUSE, time.monotonic()
        for left in reversed(range(self._tries)):
            try:
                return call()
            except KeyError:
                raise
            except Exception as error:
                final = isinstance(error, _FINAL) or type(error).__name__ in _FINAL_NAMES
                late = time.monotonic() - began > PATIENCE
                if final or late or not left or self._closed.is_set():
                    raise StorageError(f"{self.url}: cannot {what}: {self._advice(error)}") from error
                log.debug("%s: cannot %s yet: %r", self.url, what, error)
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, LONGEST_PAUSE)
        raise AssertionError("a call has at least one try")

    def _advice(self, error: Exception) -> str:
        said = " ".join(str(error).split())[:300] or type(error).__name__
        bucket = self._root.partition("/")[0]
        if type(error).__name__ in _FINAL_NAMES:
            return (
                f"{said}. Credentials are read from the environment: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY (and AWS_ENDPOINT_URL for a server that is not Amazon's)"
            )
        if isinstance(error, PermissionError):
            return f"{said}. Let these credentials list, read, write and delete below it, or name another storage"
        if isinstance(error, FileNotFoundError):
            return f"{said}. Make the bucket {bucket!r} first, or correct the URL; runs are made in it, buckets are not"
        return f"{type(error).__name__}: {said}. It was tried {self._tries} times; try again once it is back"


@lru_cache(maxsize=8)
def open_store(url: str) -> Store:
    """The store of a URL; one for each URL in a process. Raises StorageError, SettingsError."""
    return Store(url)


def arrow_place(url: str) -> tuple[str, Any]:
    """(path, pyarrow file system) of a URL, for what reads and writes through pyarrow: Ray Tune's own files.

    Raises StorageError: as `Store`.
    """
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    system, path = _file_system(check_url(url))
    return path, PyFileSystem(FSSpecHandler(system))


def _file_system(url: str) -> tuple[Any, str]:
    import fsspec

    protocol = url.partition("://")[0]
    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if protocol in ("s3", "s3a"):  # retries are ours; a call that hangs has to end
        options["config_kwargs"] = {
            "connect_timeout": 5,
            "read_timeout": SILENCE,
            "retries": {"max_attempts": 0},
        }
    try:
        fs, root = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        package = EXTRAS.get(protocol, "the fsspec package of that protocol")
        raise StorageError(
            f"{url}: {protocol}:// needs a library that is not installed ({error}). pip install '{package}'"
        ) from error
    except ValueError as error:
        raise StorageError(
            f"{url}: no storage is known by {protocol}://. Try s3://, gs://, abfs:// or a folder"
        ) from error
    if protocol in ("s3", "s3a"):
        fs.retries = 1
    return fs, str(root).rstrip("/")


def _modified(info: dict[str, Any]) -> float:
    for name in ("LastModified", "mtime", "last_modified", "updated", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, str):
            try:
                return datetime.fromisoformat(value).timestamp()
            except ValueError:
                continue
    return 0.0
