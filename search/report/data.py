"""The data card of a run, fit to be shown: what data.json says, without anybody's folders."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import Any

from search.paths import RunPaths

__all__ = ["data_of"]

# The oldest format of a card that has every key the page shows (`trainables.data.card`).
_FORMAT = 1
_KEYS = (
    *("source", "modality", "task", "target", "view", "shape", "rows", "classes", "numbers", "columns"),
    *("columns_left_out", "duplicates", "repairs", "split", "options", "hash"),
)
_FOLDERS = re.compile(r"(?<![\w.])/(?:[^/\s:'\"]+/)+(?=[^/\s])")


def data_of(paths: RunPaths | None) -> dict[str, Any] | None:
    """The card; `{"problem": why}` where there is one that cannot be shown; None where there is none."""
    if paths is None or paths.own_file(paths.data) is None:
        return None
    try:
        card = json.loads(paths.data.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return {"problem": _without_folders(f"{paths.data.name} cannot be read: {error}")}
    if not isinstance(card, dict) or card.get("format") != _FORMAT:
        return {"problem": f"{paths.data.name} is not of this version"}
    if "problem" in card:
        return {"problem": _without_folders(str(card["problem"]))}
    if missing := [key for key in _KEYS if key not in card]:
        return {"problem": f"{paths.data.name} lacks {', '.join(missing)}"}
    source = str(card["source"])
    return {**card, "source": PurePath(source).name if source.startswith("/") else _without_folders(source)}


def _without_folders(text: str) -> str:
    """The folders in front of a file's name are the business of the machine they are on."""
    return _FOLDERS.sub("", text)
