"""Names and paths of the next file: right for where it will lie, as short as may be."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from search.paths import RunPaths
from search.settings.sweep_file import SweepFile
from search.storage import home_of
from trainables import CATALOGUE

__all__ = ["is_ours", "next_name", "placed"]

_NEXT = re.compile(r"(.*)-next(\d*)")


def next_name(name: str) -> str:
    """`digits` -> `digits-next` -> `digits-next2` -> `digits-next3`; at most 64 characters."""
    found = _NEXT.fullmatch(name)
    stem, number = (found[1], int(found[2] or 1) + 1) if found else (name, 1)
    tail = "-next" if number == 1 else f"-next{number}"
    return f"{stem[: 64 - len(tail)]}{tail}"


def is_ours(file: SweepFile) -> bool:
    """Whether asking a sweep's trainable executes nothing but this project: it is of the catalogue, and its data are
    neither code of somebody's (`module:function`) nor at an address (`postgresql://...`)."""
    searched = any(name.partition(".")[0] == "data" for name in file.parameters or {})
    return file.trainable in CATALOGUE and not searched and not any(":" in text for text in _texts(file.data))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from (str(key), *_texts(inner))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def placed(
    keys: dict[str, Any], *, name: str, base: Path, run: Path | None, ignore: list[str], folder: Path
) -> dict[str, Any]:
    """The keys with name, base, storage and warm start.

    Args:
        base: folder that relative references started from so far; absolute.
        run: directory of the run to learn from; None: there is nothing to learn.
        ignore: see the sweep file's `warm_start`.
        folder: where the file will lie; absolute.
    """
    head: dict[str, Any] = {"name": next_name(name)}
    if base.resolve() != folder.resolve():
        head["base"] = os.path.relpath(base.resolve(), folder.resolve())
    tail: dict[str, Any] = {}
    if run is not None:
        tail["warm_start"] = [{"run": run.name, "ignore": ignore}] if ignore else run.name
    store = None if run is None else home_of(RunPaths(run))
    home = None if run is None else run.resolve().parent
    if store is not None:
        tail["storage"] = store.url
    elif home is not None and home != (Path.cwd() / (os.environ.get("TUNEYARD_STORAGE") or "runs")).resolve():
        below = home.is_relative_to(Path.cwd().resolve())
        tail["storage"] = str(home.relative_to(Path.cwd().resolve())) if below else str(home)
    return {**head, **keys, **{key: value for key, value in tail.items() if key not in keys}}
