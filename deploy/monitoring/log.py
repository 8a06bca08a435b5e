"""The log of a server as frames: what `deploy.serving.request_log` wrote, open files included."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deploy.errors import DeployError
from deploy.serving.request_log import read_lines

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Served", "read_log"]

LATEST = 1e11
"""Seconds since 1970 that a row can be of: a time beyond is none."""


@dataclass(frozen=True)
class Served:
    """What was served, oldest first.

    Attributes:
        rows: one a prediction (status 200), and one a request that was not answered; `time` in seconds since 1970.
        labels: what came true: request, row, and label or value; the last word on each.
        unread: files that could not be read.
    """

    rows: pd.DataFrame
    labels: pd.DataFrame
    unread: tuple[str, ...]


def read_log(folder: Path) -> Served:
    """Everything in a log folder.

    Raises:
        DeployError: there is no log.
    """
    if not folder.is_dir():
        raise DeployError(
            f"there is no log at {folder}. Name the folder that `tuneyard serve` printed: --log DIR"
        )
    unread: list[str] = []
    rows = _read(folder, "predictions", unread)
    labels = _read(folder, "labels", unread)
    if not len(rows) and not unread:
        raise DeployError(f"{folder} holds nothing that was served yet; ask the server something first")
    if not len(rows):
        raise DeployError(
            f"{folder} holds nothing that can be read: {', '.join(unread[:3])}. Put the files back from a copy, or move "
            "them away and ask the server something"
        )
    if len(labels):
        labels = labels.drop_duplicates(["request", "row"], keep="last")
    return Served(rows, labels, tuple(unread))


def _read(folder: Path, kind: str, unread: list[str]) -> pd.DataFrame:
    """All files of a kind; one that is open and closed at once (its writer was killed in between) counts once."""
    import pandas as pd

    frames = []
    listed = [
        *folder.glob(f"{kind}-*.jsonl")
    ]  # these first: one that is closed meanwhile is among the others then
    for path in sorted([*listed, *folder.glob(f"{kind}-*.parquet")]):
        try:
            if path.suffix == ".parquet":
                frame = pd.read_parquet(path)
            elif path.with_suffix(".parquet").exists():
                continue
            else:
                frame = pd.DataFrame.from_records(read_lines(path))
            if frame.empty or _is_sound(frame, kind):
                frames.append(frame)
            else:
                unread.append(path.name)
        except FileNotFoundError:  # it was closed, or became too old, meanwhile
            closed = path.with_suffix(".parquet")
            if closed.exists():
                frames.append(pd.read_parquet(closed))
        except (OSError, ValueError, TypeError):
            unread.append(path.name)
    whole = [frame for frame in frames if len(frame)]
    if not whole:
        return pd.DataFrame()
    return pd.concat(whole, ignore_index=True).sort_values("time", kind="stable", ignore_index=True)


_TEXTS = {"predictions": ("request", "version"), "labels": ("request",)}
_NUMBERS = {"predictions": ("time", "row", "status", "ms"), "labels": ("time", "row")}


def _is_sound(frame: pd.DataFrame, kind: str) -> bool:
    """Whether a file holds what a server writes, and not something else under that name."""
    import pandas as pd

    if not {*_TEXTS[kind], *_NUMBERS[kind]} <= {*frame.columns}:
        return False
    numbers = frame[[*_NUMBERS[kind]]]
    return (
        all(pd.api.types.is_numeric_dtype(column) for _, column in numbers.items())
        and bool(np.isfinite(numbers.to_numpy(float)).all())
        and bool((numbers["time"].abs() < LATEST).all())
        and all(isinstance(cell, str) for name in _TEXTS[kind] for cell in frame[name])
    )
