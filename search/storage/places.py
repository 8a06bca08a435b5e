"""Where a run of an object store lies on this machine: below the cache, in one folder for each storage URL."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from search.errors import SettingsError
from search.paths import RunPaths

__all__ = ["Home", "check_url", "claim", "home_of", "is_remote", "local_root"]

_MARK = ".store"  # in the folder of a URL: the URL, in one line
_CONFIRMATION = 2  # folders between a confirmation and the folder of its URL


def is_remote(storage: str | Path) -> bool:
    """Whether a storage is a URL (`s3://bucket/prefix`) rather than a folder."""
    return "://" in str(storage)


def check_url(url: str) -> str:
    """A storage URL without its trailing slashes.

    Raises SettingsError: a password, a query or a fragment in it, or nothing after `://`.
    """
    found = urlsplit(url)
    shown = f"{found.scheme}://{found.netloc.rpartition('@')[2]}{found.path}"
    if found.password:
        raise SettingsError(
            f"storage {shown}: a URL of a store holds no password; the store's own library reads credentials from the "
            "environment (AWS_ACCESS_KEY_ID, AWS_PROFILE, ...)"
        )
    if found.query or found.fragment:
        raise SettingsError(
            f"storage {shown}: a storage URL ends with its path, and this one has ? or #; set options of the store in "
            "the environment (AWS_ENDPOINT_URL for another S3 server)"
        )
    if not found.scheme or not (found.netloc + found.path).strip("/"):
        raise SettingsError(f"storage {shown}: names no place; write s3://BUCKET/PREFIX")
    return url.rstrip("/")


def local_root(url: str) -> Path:
    """The folder of this machine for the runs of a URL; need not exist. `XDG_CACHE_HOME` says where caches lie."""
    url = check_url(url)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    slug = re.sub(r"[^A-Za-z0-9]+", "-", url).strip("-")[:48]
    return cache / "tuneyard" / "runs" / f"{slug}-{hashlib.sha256(url.encode()).hexdigest()[:10]}"


def claim(url: str) -> Path:
    """`local_root`, made for this user alone, and marked as that URL's."""
    root, url = local_root(url), check_url(url)
    root.parent.mkdir(parents=True, exist_ok=True)
    root.mkdir(mode=0o700, exist_ok=True)
    mark = root / _MARK
    if not mark.is_file():
        mark.write_text(url + "\n")
    return root


@dataclass(frozen=True)
class Home:
    """Where a run lives for good. `url`: the storage; `run`: its place below, `digits` or `digits/confirm`."""

    url: str
    run: str

    @property
    def prefix(self) -> str:
        """The run's own URL."""
        return f"{self.url}/{self.run}"

    @property
    def paths(self) -> RunPaths:
        """The run directory on the machine that asks."""
        return RunPaths(local_root(self.url) / self.run)


def home_of(paths: RunPaths) -> Home | None:
    """The store that a run directory belongs to; None of one that lies where its runs are kept.

    A mark that does not stand in the very folder of its URL (one that came with a foreign run) is not believed.
    """
    root = Path(os.path.abspath(paths.root))
    for folder in root.parents[:_CONFIRMATION]:
        try:
            url = (folder / _MARK).read_text().strip()
            if folder.samefile(local_root(url)):
                return Home(url, root.relative_to(folder).as_posix())
        except (OSError, ValueError):
            continue
    return None
