"""Cells become typed columns: numbers, labels, texts or dates; an error names the file, the row and the column."""

from __future__ import annotations

import datetime
import decimal
import numbers
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trainables.data.dataset import Array, Repair
from trainables.data.sources.dates import dates_of, looks_like_dates
from trainables.data.sources.origin import Origin, repair_of
from trainables.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MISSING", "Cells", "type_texts", "type_values"]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
TYPO_SHARE = 0.95  # a column this numeric, but not wholly, is numeric with mistakes and not a kind of label

_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?")
_THOUSANDS_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")

Cells = Sequence[str | None]


def type_texts(
    name: str, cells: Cells, kind: str | None, origin: Origin
) -> tuple[pd.Series[Any], tuple[Repair, ...]]:
    """A column that was written as text, and a repair where its numbers are written with commas.

    Args:
        name: of the column.
        cells: as written, stripped; None where missing.
        kind: what the data section says it is; None = by its cells: dates where all are ISO 8601 dates,
            numbers where all are finite numbers, else labels.
        origin: for messages.

    Returns:
        int64 (whole numbers, none missing), float64 with NaN, datetime64 with NaT, or objects: str or None.

    Raises:
        DataError: a cell that is not what `kind` says; an infinite number; numbers whose commas can be read in two
            ways; or, with no kind, a cell that is no number in a column that is at least 95 % numbers.
    """
    import pandas as pd

    if kind == "date" or (kind is None and looks_like_dates(cells)):
        return pd.Series(dates_of(name, cells, origin), name=name), ()
    if kind in ("category", "text"):
        return pd.Series(_objects(cells), name=name, dtype=object), ()
    values, odd = _numbers_of(cells)
    repairs: tuple[Repair, ...] = ()
    if odd:
        cells, repairs = _without_commas(name, cells, origin)
    if repairs:
        values, odd = _numbers_of(cells)
    if odd:
        present = sum(cell is not None for cell in cells)
        if kind == "number" or len(odd) <= (1 - TYPO_SHARE) * present:
            said = (
                "data.columns.number lists it" if kind else f"{present - len(odd)} of the {present} cells are"
            )
            raise DataError(
                f"{origin.at(odd[0], name)}: {cells[odd[0]]!r} is not a number, {said}; "
                "correct it or leave it empty"
            )
        return pd.Series(_objects(cells), name=name, dtype=object), ()
    _check_finite(name, values, origin)
    return pd.Series(_whole(cells, values), name=name), repairs


def type_values(
    name: str, column: pd.Series[Any], kind: str | None, origin: Origin
) -> tuple[pd.Series[Any], tuple[Repair, ...]]:
    """A column that came with types: from Parquet, a database or a frame. Missing is what is null.

    Truth values are labels, "true" and "false"; a time span is a number of seconds; a date with a time zone
    is given in UTC. Text that is all numbers is read as numbers, which the returned repair says.

    Raises:
        DataError: as `type_texts`; or cells that are bytes, lists or other objects.
    """
    import pandas as pd

    if kind in (None, "number") and isinstance(column.dtype, np.dtype) and column.dtype.kind in "if":
        plain = np.asarray(column)
        _check_finite(name, plain, origin)
        return pd.Series(plain.astype(np.int64 if plain.dtype.kind == "i" else np.float64), name=name), ()
    present = column.notna().to_numpy(dtype=bool)
    cells: list[Any] = [v if there else None for v, there in zip(column.tolist(), present, strict=True)]
    form = _form(name, cells, origin)
    if kind in ("category", "text") or form == "truth":
        return pd.Series(_objects(_as_texts(cells)), name=name, dtype=object), ()
    if form == "text" or (form == "number" and kind == "date"):
        texts = _as_texts(cells)
        typed, repairs = type_texts(name, texts, kind, origin)
        return typed, (*repairs, *_said(name, typed)) if kind is None else repairs
    if form == "date":
        if kind == "number":
            raise DataError(f"{origin.name}, column {name!r}: holds dates; data.columns.number lists it")
        return pd.Series(dates_of(name, cells, origin), name=name), ()
    floats = np.array([np.nan if cell is None else _float(cell) for cell in cells], dtype=np.float64)
    _check_finite(name, floats, origin)
    whole = all(isinstance(cell, numbers.Integral) for cell in cells)
    return pd.Series(_whole(cells, floats) if whole else floats, name=name), ()


def _without_commas(name: str, cells: Cells, origin: Origin) -> tuple[Cells, tuple[Repair, ...]]:
    """The cells as `float` reads them, where all are numbers and commas stand in some: before the decimals, or between
    the thousands. Unread, they would be labels."""
    present = {cell for cell in cells if cell is not None}
    rows = [index for index, cell in enumerate(cells) if cell is not None and "," in cell]
    decimal_comma, thousands = (
        bool(rows) and all(map(form.fullmatch, present)) for form in (_DECIMAL_COMMA, _THOUSANDS_COMMA)
    )
    if not decimal_comma and not thousands:
        return cells, ()
    if decimal_comma and thousands:
        cell = str(cells[rows[0]])
        raise DataError(
            f"{origin.at(rows[0], name)}: {cell!r} may be {cell.replace(',', '.')} or {cell.replace(',', '')}, and no cell "
            "of the column tells which; write the numbers without commas, or list the column under columns.category"
        )
    if decimal_comma:
        read = {cell: cell.replace(".", "").replace(",", ".") for cell in present}
        what = f"cells of {name!r} with a decimal comma, read as numbers"
    else:
        read = {cell: cell.replace(",", "") for cell in present}
        what = f"cells of {name!r} with commas between thousands, read as numbers"
    found = [None if cell is None else read[cell] for cell in cells]
    return found, (repair_of(what, rows, origin.places),)


def _said(name: str, typed: pd.Series[Any]) -> tuple[Repair, ...]:
    if typed.dtype == object or not typed.notna().any():
        return ()
    now = "dates" if typed.dtype.kind == "M" else "numbers"
    return (Repair(f"columns that hold {now} as text, read as {now}", 1, (f"column {name!r}",)),)


_FORMS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("truth", (bool, np.bool_)),
    ("number", (numbers.Real, decimal.Decimal)),
    ("date", (datetime.date, np.datetime64)),
    ("text", (str,)),
)


def _form(name: str, cells: list[Any], origin: Origin) -> str:
    """What the cells of a typed column are; spans of time are turned into seconds in place."""
    found: set[str] = set()
    for index, cell in enumerate(cells):
        if cell is None:
            continue
        if isinstance(cell, datetime.timedelta):
            cells[index] = cell = cell.total_seconds()
        form = next((form for form, types in _FORMS if isinstance(cell, types)), None)
        if form is None and not isinstance(cell, datetime.time):
            raise DataError(
                f"{origin.at(index, name)}: holds a {type(cell).__name__}; a cell is a number, a text, "
                "a date or a truth value (leave the column out with data.columns.ignore)"
            )
        found.add(form or "text")
    if not found:
        return "number"
    return found.pop() if len(found) == 1 else "text"


def _as_texts(cells: list[Any]) -> list[str | None]:
    return [None if cell is None else _as_text(cell) for cell in cells]


def _as_text(cell: Any) -> str | None:
    if isinstance(cell, (bool, np.bool_)):
        return "true" if cell else "false"
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip() or None


def _float(cell: Any) -> float:
    """Infinite where it is too large for one."""
    try:
        return float(cell)
    except OverflowError:
        return float("inf") if cell > 0 else float("-inf")


def _objects(cells: Cells) -> Array:
    held = np.empty(len(cells), dtype=object)
    held[:] = cells
    return held


def _numbers_of(cells: Cells) -> tuple[Array, list[int]]:
    """float64 with NaN where missing or no number, and the indices of the latter."""
    try:
        return np.array([np.nan if cell is None else float(cell) for cell in cells], dtype=np.float64), []
    except ValueError:
        read = {cell: _number(cell) for cell in set(cells)}  # labels repeat: each is tried once
        odd = [index for index, cell in enumerate(cells) if cell is not None and read[cell] is None]
        return np.array([read[cell] for cell in cells], dtype=np.float64), odd


def _number(cell: str | None) -> float | None:
    try:
        return None if cell is None else float(cell)
    except ValueError:
        return None


def _check_finite(name: str, values: Array, origin: Origin) -> None:
    for index in np.flatnonzero(np.isinf(values)).tolist():
        raise DataError(
            f"{origin.at(index, name)}: {values[index]:g} is not finite; correct it or leave it empty"
        )


def _whole(cells: Sequence[Any], values: Array) -> Array:
    """The values as int64, where every cell is written as a whole number that fits."""
    if len(values) == 0 or np.isnan(values).any() or (values % 1).any():
        return values
    convert: Callable[[Any], int] = int
    try:
        return np.array([convert(cell) for cell in cells], dtype=np.int64)
    except (ValueError, OverflowError):
        return values
