"""A CSV file as a table of typed columns, with errors that name the file, the column and the row."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from trainables.errors import DataError, nearest

__all__ = ["Column", "Table", "encode_columns", "read_table"]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
ONE_HOT_LIMIT = 16
TYPO_SHARE = 0.95  # a column this numeric, but not wholly, is numeric with mistakes and not a kind of label

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Attributes:
        name: from the first line of the file.
        numbers: float64, NaN where missing; None in a column of labels.
        texts: as written, stripped; "" where missing.
    """

    name: str
    numbers: Floats | None
    texts: tuple[str, ...]

    @property
    def missing(self) -> list[int]:
        """Indices, from 0, of the rows without a value."""
        return [index for index, text in enumerate(self.texts) if not text]


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of a file, all of the same length, and the line of the file that each row is from."""

    path: Path
    columns: tuple[Column, ...]
    lines: tuple[int, ...]

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            DataError: there is none; names the nearest.
        """
        for column in self.columns:
            if column.name == name:
                return column
        names = [column.name for column in self.columns]
        raise DataError(f"{self.path}: there is no column {name!r}; {nearest(name, names)}")


def read_table(path: Path) -> Table:
    """Read a CSV file: UTF-8, one line of names, separated by comma, semicolon or tab.

    Missing are the empty cell and na, n/a, nan, null, none and ? in any case. A column is numeric when all
    its other cells are finite numbers, else it holds labels. Read once per process and version of the file.

    Raises:
        DataError: no such file, no rows, a ragged row, a repeated name, an infinite number, or a cell that
            is no number in a column that is at least 95 % numbers; rows are counted as lines of the file.
    """
    try:
        stat = path.stat()
    except OSError as error:
        near = nearest(path.name, [p.name for p in path.parent.glob("*.csv")]) if path.parent.is_dir() else ""
        raise DataError(f"cannot read {path}: {error.strerror}. {near}".rstrip()) from error
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, _modified: int, _size: int) -> Table:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            first = stream.readline()
            stream.seek(0)
            separator = max(",;\t", key=first.count)
            reader = csv.reader(stream, delimiter=separator, strict=True)
            numbered = [(reader.line_num, row) for row in reader if row]
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}; convert the file to UTF-8") from error
    except (OSError, csv.Error) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    if len(numbered) < 2:
        raise DataError(f"{path}: a line of column names and at least one row are needed")
    names = [name.strip() for name in numbered[0][1]]
    for index, name in enumerate(names):
        if not name or name in names[:index]:
            raise DataError(f"{path}: column {index + 1} is named {name!r}: names are unique and not empty")
    for line, row in numbered[1:]:
        if len(row) != len(names):
            raise DataError(f"{path}, row {line}: {len(row)} cells where the first line names {len(names)}")
    lines = [line for line, _ in numbered[1:]]
    cells = zip(*(row for _, row in numbered[1:]), strict=True)
    columns = (_column(path, name, column, lines) for name, column in zip(names, cells, strict=True))
    return Table(path, tuple(columns), tuple(lines))


def _column(path: Path, name: str, cells: Iterable[str], lines: list[int]) -> Column:
    texts = tuple("" if cell.strip().lower() in MISSING else cell.strip() for cell in cells)
    numbers = np.full(len(texts), np.nan)
    odd = []
    for index, text in enumerate(texts):
        if text:
            try:
                numbers[index] = float(text)
            except ValueError:
                odd.append(index)
    present = sum(map(bool, texts))
    if odd:
        if len(odd) <= (1 - TYPO_SHARE) * present:
            at = odd[0]
            raise DataError(
                f"{path}, row {lines[at]}, column {name!r}: {texts[at]!r} is not a number, "
                f"{present - len(odd)} of the {present} cells are; correct it or leave it empty"
            )
        return Column(name, None, texts)
    for index in np.flatnonzero(np.isinf(numbers)).tolist():
        raise DataError(f"{path}, row {lines[index]}, column {name!r}: {texts[index]!r} is not finite")
    return Column(name, numbers, texts)


def encode_columns(columns: Iterable[Column], train: np.ndarray[Any, Any]) -> tuple[Floats, tuple[str, ...]]:
    """Columns as numbers; everything that is fitted is fitted on the rows `train` alone.

    Numbers: a missing one is the median of the training rows (0 where they have none). Labels, of which the
    missing one is a label too: up to 16 become one column of 0 and 1 each, and one more for what training
    did not see; of more, a column of their rank in the sorted labels, the unseen coming last.

    Args:
        columns: n columns of the same number of rows.
        train: indices of the training rows.

    Returns:
        the matrix (rows, features) without NaN, and the names of its columns, ``kind=red`` for a label.
    """
    parts: list[Floats] = []
    names: list[str] = []
    for column in columns:
        if column.numbers is not None:
            known = column.numbers[train]
            known = known[~np.isnan(known)]
            middle = float(np.median(known)) if len(known) else 0.0
            parts.append(np.where(np.isnan(column.numbers), middle, column.numbers)[:, None])
            names.append(column.name)
            continue
        labels = sorted({column.texts[index] for index in train})
        rank = {label: index for index, label in enumerate(labels)}
        codes = np.array([rank.get(text, len(labels)) for text in column.texts])
        if len(labels) <= ONE_HOT_LIMIT:
            parts.append(np.eye(len(labels) + 1)[codes])
            names += [f"{column.name}={label or '(missing)'}" for label in labels]
            names.append(f"{column.name}=(unseen)")
        else:
            parts.append(codes.astype(float)[:, None])
            names.append(column.name)
    return np.hstack(parts), tuple(names)
