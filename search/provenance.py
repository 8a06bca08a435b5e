"""Where a sweep came from: versions, git commit, machine, command. Written to the journal's header."""

from __future__ import annotations

import importlib.metadata
import platform
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["provenance", "version"]

_PACKAGES = ("tuneyard", "ray", "torch", "optuna", "hyperopt", "scikit-learn", "numpy", "scipy", "pandas")


def provenance(base: Path) -> dict[str, Any]:
    """Facts that a reader of the run will ask for; nothing of the environment variables.

    `base`: the folder whose git checkout is described, if it is one.
    """
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "git": _git(base),
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "command": shlex.join(sys.argv) if sys.argv and sys.argv[0] not in ("", "-c") else "python",
    }


def version(package: str) -> str | None:
    """The installed version, found without importing the package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git(base: Path) -> dict[str, Any] | None:
    commit = _ask_git(base, "rev-parse", "HEAD")
    if commit is None:
        return None
    return {"commit": commit, "dirty": bool(_ask_git(base, "status", "--porcelain", "--untracked-files=no"))}


def _ask_git(base: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(base), *arguments], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
