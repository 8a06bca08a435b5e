"""JSON Lines: one object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.delimited import decode
from trainables.data.sources.frames import records_of_frame, type_frame
from trainables.data.sources.origin import Origin, Places
from trainables.errors import DataError

__all__ = ["read_jsonl"]


def read_jsonl(path: Path, section: Section) -> Records:
    """Read a file of one JSON object a line; its keys are the columns, and what a line lacks is missing.

    Raises:
        DataError: not UTF-8, a line that is no object, or names a key twice; or a cell that cannot be used.
    """
    import pandas as pd

    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error}") from error
    objects, lines = [], []
    for number, line in enumerate(decode(content, str(path)).split("\n"), 1):
        if line.strip():
            objects.append(_object(line, f"{path}, row {number}"))
            lines.append(number)
    names = list(dict.fromkeys(name for each in objects for name in each))
    columns = {name: pd.Series([each.get(name) for each in objects], dtype=object) for name in names}
    origin = Origin(str(path), Places("row", tuple(lines)))
    frame, repairs = type_frame(pd.DataFrame(columns), section, origin)
    return records_of_frame(frame, section, origin, repairs=repairs)


def _object(line: str, place: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(f"{place}: names {twice!r} twice")
        return found

    try:
        found = json.loads(line, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise DataError(f"{place}: no JSON: {error.msg} at character {error.pos + 1}") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or brackets in brackets
        raise DataError(f"{place}: cannot be read: {error}; correct the line") from error
    if not isinstance(found, dict):
        raise DataError(f'{place}: holds a {type(found).__name__}; a line is an object, {{"text": ...}}')
    return found
