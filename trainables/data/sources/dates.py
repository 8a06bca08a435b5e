"""Dates: ISO 8601 is recognised; another spelling is read where the section asks for it and only one fits."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainables.data.dataset import Array
from trainables.data.sources.origin import Origin
from trainables.errors import DataError

__all__ = ["dates_of", "is_spelled", "looks_like_dates"]

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?")

SPELLINGS = (
    "%Y/%m/%d",
    "%Y%m%d",
    "%Y-%m",
    "%Y",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%b %Y",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
)
"""What is read beside ISO 8601, in the codes of `datetime.strptime`."""


def looks_like_dates(cells: Sequence[str | None]) -> bool:
    """Whether there is a cell, and every one is an ISO 8601 date (2026-03-31, 2026-03-31T12:00)."""
    present = [cell for cell in cells if cell is not None]
    return bool(present) and all(_ISO.fullmatch(cell) for cell in present)


def dates_of(name: str, cells: Sequence[Any], origin: Origin) -> Array:
    """datetime64[us], NaT where missing; a time zone is turned into UTC.

    Args:
        name: of the column, for messages.
        cells: texts, `datetime.date`s or None.
        origin: for messages.

    Raises:
        DataError: a cell that is no date, or a column that two spellings read differently.
    """
    dates = np.full(len(cells), "NaT", dtype="datetime64[us]")
    spelling = None
    texts = [cell for cell in cells if isinstance(cell, str)]
    if texts and not looks_like_dates(texts):
        spelling = _spelling(name, texts, cells, origin)
    for index, cell in enumerate(cells):
        if cell is None:
            continue
        try:
            dates[index] = np.datetime64(_moment(cell, spelling), "us")
        except (ValueError, OverflowError) as error:
            raise DataError(f"{origin.at(index, name)}: {cell!r} is no date: {error}") from error
    return dates


def is_spelled(text: str) -> bool:
    """Whether a text is a date in one of `SPELLINGS`."""
    return any(_fits(text, spelling) for spelling in SPELLINGS)


def _moment(cell: Any, spelling: str | None) -> Any:
    if isinstance(cell, str):
        cell = (
            datetime.datetime.strptime(cell, spelling) if spelling else datetime.datetime.fromisoformat(cell)
        )
    if isinstance(cell, datetime.datetime) and cell.tzinfo is not None:
        return cell.astimezone(datetime.UTC).replace(tzinfo=None)
    return cell


def _spelling(name: str, texts: list[str], cells: Sequence[Any], origin: Origin) -> str:
    fitting = [spelling for spelling in SPELLINGS if _fits(texts[0], spelling)]
    if not fitting:
        raise DataError(
            f"{origin.at(cells.index(texts[0]), name)}: {texts[0]!r} is no date; write 2026-03-31"
        )
    for text in texts:
        left = [spelling for spelling in fitting if _fits(text, spelling)]
        if not left:
            raise DataError(
                f"{origin.at(cells.index(text), name)}: {text!r} is no date as {texts[0]!r} is one; write 2026-03-31"
            )
        fitting = left
    read = {tuple(datetime.datetime.strptime(text, spelling) for text in texts) for spelling in fitting}
    if len(read) > 1:
        raise DataError(
            f"{origin.name}, column {name!r}: {texts[0]!r} can be two dates, day or month first, and no cell "
            "tells which; write 2026-03-31"
        )
    return fitting[0]


def _fits(text: str, spelling: str) -> bool:
    try:
        datetime.datetime.strptime(text, spelling)
    except ValueError:
        return False
    return True
