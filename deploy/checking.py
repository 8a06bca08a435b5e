"""Records from outside become the raw rows of a model, or faults; nothing that comes in can raise here."""

from __future__ import annotations

import base64
import contextlib
import datetime
import io
import math
import numbers
import reprlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.schema import Column, Fault, Schema
from trainables.data.cleaning import LARGEST
from trainables.data.dataset import Array
from trainables.data.sources.columns import MISSING
from trainables.data.sources.dates import dates_of, is_spelled, looks_like_dates
from trainables.data.sources.image_folders import FORMATS, decoded
from trainables.data.sources.origin import Origin
from trainables.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["checked"]

LONGEST_TEXT = 1_000_000  # characters of one cell
PIXELS = 50_000_000  # of a picture's file, before it is brought to size
SENT_PIXELS, PIXELS_A_BYTE = 250_000, 250
"""Of a picture that is sent as base64: as many as the first are always read, and of larger ones so many a byte of the file: a
request of a few kilobytes could else ask for a minute's work."""

_PLAIN = (str, int, float, bool, type(None))


class _Bad(Exception):
    """A cell against its rule; holds the rule."""


def checked(schema: Schema, records: Sequence[Any], *, texts: bool) -> tuple[Any, list[Fault]]:
    """See `Schema.check`."""
    if schema.columns:
        return _table(schema, records, texts=texts)
    read: Callable[[Any], Any]
    if schema.modality == "text":
        read = partial(_text_of, field=schema.field)
    elif schema.modality == "images":
        read = _Reader(schema).picture
    else:
        read = _Reader(schema).series
    faults, good = [], []
    for row, record in enumerate(records):
        try:
            good.append(read(record))
        except _Bad as bad:
            faults.append(Fault(row, "", str(bad), _shown(record)))
    if schema.modality == "text":
        return tuple(good), faults
    kind = np.uint8 if schema.modality == "images" else np.float64
    stacked = np.stack(good) if good else np.zeros((0, *schema.shape))
    return stacked.astype(kind), faults


def _table(schema: Schema, records: Sequence[Any], *, texts: bool) -> tuple[pd.DataFrame, list[Fault]]:
    import pandas as pd

    faults: list[Fault] = []
    bad: set[int] = set()
    rows: list[Mapping[str, Any]] = []
    for row, record in enumerate(records):
        if not isinstance(record, Mapping):
            faults.append(Fault(row, "", "is an object with a value for each column", _shown(record)))
            bad.add(row)
        rows.append(record if isinstance(record, Mapping) else {})
    broken = frozenset(bad)
    columns: dict[str, Any] = {}
    for column in schema.columns:
        cells: list[Any] = []
        read = _READERS[column.kind]
        spelled = _spelled(column, rows, texts) if column.kind == "date" else None
        seen = frozenset(column.labels)
        spellings: dict[str | float, str] | None = None
        for row, record in enumerate(rows):
            cell = None
            try:
                if row not in broken:
                    if column.name not in record:
                        raise _Bad("is missing; null stands for a value that is not known")
                    cell = _cell(record[column.name], column, texts=texts)
                    if cell is not None:
                        whole = None if spelled is None or np.isnat(spelled[row]) else spelled
                        found = read(cell, texts) if whole is None else whole[row]
                        _check_size(found)
                        if column.kind == "category" and found not in seen and not isinstance(cell, str):
                            spellings = _spellings(column.labels) if spellings is None else spellings
                            found = spellings.get(
                                found if isinstance(cell, bool | np.bool_) else float(cell), found
                            )
                        cell = found
            except _Bad as fault:
                faults.append(Fault(row, column.name, str(fault), _shown(record.get(column.name))))
                bad.add(row)
                cell = None
            cells.append(cell)
        columns[column.name] = _series(column, cells)
    frame = pd.DataFrame(columns, columns=[column.name for column in schema.columns])
    if schema.task != "forecasting" and bad:
        frame = frame.iloc[[row for row in range(len(rows)) if row not in bad]].reset_index(drop=True)
    return frame, sorted(faults, key=lambda fault: fault.row)


def _cell(value: Any, column: Column, *, texts: bool) -> Any:
    """The cell, None where it is missing and may be."""
    missing = value is None
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise _Bad(f"has at most {LONGEST_TEXT} characters")
        if texts:
            value = value.strip()
            missing = not value if column.kind == "text" else value.lower() in MISSING
        elif column.kind == "category":
            missing = not value.strip()
    if missing and not column.nullable:
        raise _Bad("is missing, which it never was in training")
    return None if missing else value


def _number(value: Any, texts: bool) -> float:
    if texts and isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise _Bad("is a number") from None
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise _Bad("is a number")
    try:
        found = float(value)
    except (OverflowError, ValueError):
        raise _Bad(f"is a number of at most {LARGEST:g}") from None
    if not math.isfinite(found):
        raise _Bad("is a finite number; null stands for a missing one")
    return found


def _check_size(value: Any) -> None:
    if isinstance(value, float) and abs(value) > LARGEST:
        raise _Bad(f"is a number of at most {LARGEST:g}")


def _label(value: Any, texts: bool) -> str:
    """As training has read it: 1.0 is "1", truth values are "true" and "false"."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, numbers.Real):
        found = _number(value, texts)
        return str(int(found)) if found.is_integer() else str(value)
    if not isinstance(value, str):
        raise _Bad("is a label: a text, a number or a truth value")
    return value.strip()


def _spellings(labels: Sequence[str]) -> dict[str | float, str]:
    """Labels of training that a truth value or a number means: "True", or "1.0" in a text file."""
    found: dict[str | float, str] = {}
    for label in reversed(labels):  # of several the first
        if label.lower() in ("true", "false"):
            found[label.lower()] = label
        else:
            with contextlib.suppress(ValueError):
                found[float(label)] = label
    return found


def _words(value: Any, texts: bool) -> str:
    if not isinstance(value, str):
        raise _Bad("is a text")
    return value


def _date(value: Any, texts: bool) -> np.datetime64:
    if isinstance(value, str):
        if not looks_like_dates([value]):
            raise _Bad("is a date, as in 2026-03-31 or 2026-03-31T12:00")
    elif not isinstance(value, datetime.date | np.datetime64):
        raise _Bad("is a date, as in 2026-03-31 or 2026-03-31T12:00")
    try:
        return np.datetime64(dates_of("", [value], Origin(""))[0])
    except (DataError, ValueError, OverflowError, TypeError):
        raise _Bad("is a date that exists, as in 2026-03-31") from None


def _spelled(column: Column, rows: Sequence[Mapping[str, Any]], texts: bool) -> Array | None:
    """A column of dates in one spelling other than ISO 8601, NaT for cells that are none; None where it is not that."""
    cells = [record.get(column.name) for record in rows]
    if texts:
        cells = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
        cells = [None if isinstance(cell, str) and cell.lower() in MISSING else cell for cell in cells]
    held = [cell for cell in cells if isinstance(cell, str)]
    if not held or looks_like_dates(held) or any(len(cell) > 40 for cell in held):
        return None
    texts_alone = [cell if isinstance(cell, str) else None for cell in cells]
    for tried in (texts_alone, [cell if cell and is_spelled(cell) else None for cell in texts_alone]):
        with contextlib.suppress(DataError):
            return dates_of(column.name, tried, Origin(""))
    return None


_READERS: dict[str, Callable[[Any, bool], Any]] = {
    "number": _number,
    "category": _label,
    "text": _words,
    "date": _date,
}


def _series(column: Column, cells: list[Any]) -> Any:
    import pandas as pd

    if column.kind == "number":
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    if column.kind == "date":
        nat = np.datetime64("NaT")
        return np.array([nat if cell is None else cell for cell in cells], dtype="datetime64[us]")
    return pd.Series(cells, dtype=object)


def _text_of(record: Any, field: str) -> str:
    if isinstance(record, Mapping):
        held = [value for value in record.values() if isinstance(value, str)]
        name = next((name for name in (field, "text") if name in record), None)
        if name is not None:
            held = [record[name]]
        if len(held) != 1:
            raise _Bad(f'is a text, or an object with one: {{"{field or "text"}": ...}}')
        record = held[0]
    if not isinstance(record, str):
        raise _Bad("is a text")
    if len(record) > LONGEST_TEXT:
        raise _Bad(f"has at most {LONGEST_TEXT} characters")
    return record


class _Reader:
    """Reads rows that are arrays."""

    def __init__(self, schema: Schema) -> None:
        self._shape, self._nullable = schema.shape, schema.nullable

    def picture(self, record: Any) -> Array:
        """uint8 (height, width, channels)."""
        if isinstance(record, Mapping) and len(record) == 1:
            record = next(iter(record.values()))
        if isinstance(record, str):
            try:
                record = base64.b64decode(record.partition("base64,")[2] or record, validate=True)
            except ValueError:
                raise _Bad("is a picture: nested lists of whole numbers, or a file in base64") from None
            return self._decoded(record, max(SENT_PIXELS, PIXELS_A_BYTE * len(record)))
        if isinstance(record, bytes):
            return self._decoded(record, PIXELS)
        found = self._array(record, "is a picture: whole numbers 0 to 255 in lists")
        if ((found < 0) | (found > 255) | (found % 1 != 0)).any():
            raise _Bad("holds whole numbers from 0 to 255")
        return found.astype(np.uint8)

    def series(self, record: Any) -> Array:
        """float64 (length, channels), NaN where missing."""
        if isinstance(record, Mapping) and len(record) == 1:
            record = next(iter(record.values()))
        found = self._array(record, "is a series: a list of numbers, or of lists of numbers", self._nullable)
        if (np.abs(found) > LARGEST).any():
            raise _Bad(f"holds numbers of at most {LARGEST:g}")
        return found

    def _array(self, record: Any, rule: str, nullable: bool = False) -> Array:
        wanted = self._shape
        said = f"{rule}, {' x '.join(map(str, wanted))}"
        if not isinstance(record, list | tuple | np.ndarray):
            raise _Bad(said)
        flat: list[Any] = record.ravel().tolist() if isinstance(record, np.ndarray) else []
        if isinstance(record, np.ndarray):
            shape = record.shape
        else:
            shape = _flatten(record, flat, len(wanted), math.prod(wanted))
        if shape not in (wanted, wanted[:-1] if wanted[-1] == 1 else wanted):
            raise _Bad(said)
        if nullable:
            flat = [math.nan if cell is None else cell for cell in flat]
        if any(isinstance(cell, bool) or not isinstance(cell, int | float) for cell in flat):
            raise _Bad(said)
        try:
            found = np.array(flat, dtype=np.float64).reshape(wanted)
        except (OverflowError, ValueError):
            raise _Bad(said) from None
        if not (np.isfinite(found) | (np.isnan(found) & nullable)).all():
            raise _Bad("holds finite numbers" + ("; null stands for a missing one" if nullable else ""))
        return found

    def _decoded(self, content: bytes, most: int) -> Array:
        """The picture of at most so many pixels in a file, in the model's size and colours, as a folder of them is read."""
        from PIL import Image

        height, width, channels = self._shape
        if channels not in (1, 3):
            raise _Bad("is given as nested lists: a file has 1 or 3 channels")
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                if picture.width * picture.height > min(most, PIXELS):
                    raise _Bad(
                        f"has at most {min(most, PIXELS)} pixels, as large as its file is; send it smaller"
                    )
            return decoded(io.BytesIO(content), (width, height), grey=channels == 1)
        except _Bad:
            raise
        except Exception:  # whatever a decoder says of a file that is none
            raise _Bad("is the file of a picture: PNG or JPEG") from None


def _flatten(nested: Any, into: list[Any], depth: int, limit: int) -> tuple[int, ...]:
    """The shape of nested lists, their cells put into `into`; (-1,) where they are ragged, too deep or too many."""
    if len(nested) > limit or len(into) + len(nested) > limit:
        return (-1,)
    if not nested or not isinstance(nested[0], list | tuple):
        if any(not isinstance(cell, _PLAIN) for cell in nested):
            return (-1,)
        into.extend(nested)
        return (len(nested),)
    if depth == 1:
        return (-1,)
    shapes = set()
    for part in nested:
        if not isinstance(part, list | tuple):
            return (-1,)
        shapes.add(_flatten(part, into, depth - 1, limit))
        if len(shapes) > 1 or (-1,) in shapes:
            return (-1,)
    return (len(nested), *shapes.pop())


def _shown(value: Any) -> str:
    """A value for a message: short, and whatever it is."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else f"{value[:57]}...")
    if isinstance(value, (*_PLAIN, np.generic)):
        try:
            return reprlib.repr(value)
        except ValueError:  # a whole number of thousands of digits
            return "a very large number"
    return f"a {type(value).__name__}"
