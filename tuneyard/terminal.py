"""Text for a terminal: tables, what to type next; and nothing that a terminal would obey."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

import click

from search.views.wording import clean, number

__all__ = ["next_steps", "printable", "quoted", "table"]

_NO_LIMIT = 1 << 40


def printable(text: str, keep: str = "\n") -> str:
    r"""`text` with everything that could steer a terminal spelt out, as `\x1b`; the characters in `keep` stay."""
    return "".join(
        part if part in keep else clean(part, _NO_LIMIT) for part in re.split(f"([{keep}])", text) if part
    )


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], right: Iterable[str] = ()) -> str:
    """A table as plain text, two spaces between columns.

    Args:
        head: the titles.
        rows: as many cells a row as `head` has; strings, numbers or None (shown as `-`).
        right: titles of the columns that are set to the right.
    """
    titles = [clean(title, _NO_LIMIT) for title in head]
    cells = [[clean(_cell(cell), _NO_LIMIT) for cell in row] for row in rows]
    widths = [max([len(title), *(len(row[i]) for row in cells)]) for i, title in enumerate(titles)]
    flush = [title in set(right) for title in head]

    def line(row: Sequence[str]) -> str:
        return "  ".join(
            cell.rjust(width) if to_the_right else cell.ljust(width)
            for cell, width, to_the_right in zip(row, widths, flush, strict=True)
        ).rstrip()

    return "\n".join([line(titles), line(["-" * width for width in widths]), *map(line, cells)])


def _cell(value: Any) -> str:
    return number(value) if value is None or isinstance(value, float) else str(value)


def quoted(text: str) -> str:
    """`text` as one word of a shell, safe to copy."""
    return shlex.quote(clean(text, _NO_LIMIT))


def next_steps(*commands: str) -> None:
    """Say what may be typed next. On stderr, so that a command's output can be piped."""
    for i, command in enumerate(commands):
        click.echo(f"{'next:' if i == 0 else '     '} {command}", err=True)
