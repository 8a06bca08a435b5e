"""Which files of a run are fetched: all that is read afterwards, and as many checkpoints as were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from search.errors import JournalError
from search.paths import RunPaths
from search.run import Run

__all__ = ["What", "selected"]

What = Literal["winner", "checkpoints", "all"]
"""winner: all but checkpoints, and those of the best trial; checkpoints: those of all trials; all: scratch space, too."""


def selected(paths: RunPaths, what: What) -> list[Path]:
    """Files of a run directory, sorted. A link that leads out of it is none of them."""
    best = _winner(paths) if what == "winner" else None
    own = (paths.lock, paths.cluster, paths.confirmation.lock)
    return [
        file
        for file in sorted(_files(paths.root, paths.root.resolve()))
        if file not in own and (what == "all" or _wanted(paths, file, best, what))
    ]


def _wanted(paths: RunPaths, file: Path, best: str | None, what: What) -> bool:
    parts = file.relative_to(paths.root).parts
    if parts[0] in (paths.tune.name, paths.wandb.name) or "scratch" in parts:
        return False
    if "checkpoints" in parts:
        return what == "checkpoints" or (best is not None and parts[:2] == (paths.trials.name, best))
    return True


def _winner(paths: RunPaths) -> str | None:
    try:
        best = Run.open(paths.root).best
    except JournalError:
        return None
    return None if best is None else best.trial


def _files(folder: Path, root: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or not path.resolve().is_relative_to(root):
            continue  # half written, or not of this run
        if path.is_dir() and not path.is_symlink():
            yield from _files(path, root)
        elif path.is_file():
            yield path
