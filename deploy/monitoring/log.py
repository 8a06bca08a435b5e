"""The log of a server as frames: what `deploy.serving.request_log` wrote, open files included."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.errors import DeployError
from deploy.serving.request_log import read_lines

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Served", "read_log"]


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
    if len(labels):
        labels = labels.drop_duplicates(["request", "row"], keep="last")
    return Served(rows, labels, tuple(unread))


def _read(folder: Path, kind: str, unread: list[str]) -> pd.DataFrame:
    """All files of a kind; one that is open and closed at once (its writer was killed in between) counts once."""
    import pandas as pd

    frames = []
    for path in sorted([*folder.glob(f"{kind}-*.parquet"), *folder.glob(f"{kind}-*.jsonl")]):
        try:
            if path.suffix == ".parquet":
                frame = pd.read_parquet(path)
            elif path.with_suffix(".parquet").exists():
                continue
            else:
                frame = pd.DataFrame.from_records(read_lines(path))
            if {"time", "request", "row"} <= {*frame.columns} or frame.empty:
                frames.append(frame)
            else:
                unread.append(path.name)
        except FileNotFoundError:  # it was closed, or became too old, meanwhile
            closed = path.with_suffix(".parquet")
            if closed.exists():
                frames.append(pd.read_parquet(closed))
        except (OSError, ValueError):
            unread.append(path.name)
    whole = [frame for frame in frames if len(frame)]
    if not whole:
        return pd.DataFrame()
    return pd.concat(whole, ignore_index=True).sort_values("time", kind="stable", ignore_index=True)
