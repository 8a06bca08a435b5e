"""Text for a terminal: tables, durations, what to type next; and nothing that a terminal would obey."""

from __future__ import annotations

import math
import shlex
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import click

__all__ = ["brief", "duration", "next_steps", "number", "printable", "quoted", "table"]


def printable(text: str, keep: str = "\n\t") -> str:
    r"""`text` with every character that steers a terminal spelt out, as `\x1b`; those in `keep` stay.

    That is all of Unicode's categories control, format (which turn the direction of text), surrogate and private use.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c in keep or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co") else _spelt(c) for c in text
    )


def _spelt(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], right: str = "") -> str:
    """A table as plain text, two spaces between columns.

    Args:
        head: the titles.
        rows: as many cells a row as `head` has; strings, numbers or None (shown as `-`).
        right: titles of the columns set to the right, separated by blanks.
    """
    cells = [[printable(_cell(cell), keep="") for cell in row] for row in rows]
    widths = [max([len(title), *(len(row[i]) for row in cells)]) for i, title in enumerate(head)]
    flush = set(right.split())

    def line(row: Sequence[str]) -> str:
        return "  ".join(
            cell.rjust(width) if title in flush else cell.ljust(width)
            for title, cell, width in zip(head, row, widths, strict=True)
        ).rstrip()

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, cells)])


def _cell(value: Any) -> str:
    return "-" if value is None else number(value) if isinstance(value, float) else str(value)


def number(value: float | None) -> str:
    """A number in at most six significant digits; `-` for None."""
    if value is None:
        return "-"
    return f"{value:.6g}" if math.isfinite(value) else str(value)


def brief(config: Any) -> str:
    """A config in one line: `lr=0.01 model.width=64`."""
    return " ".join(f"{name}={number(v) if isinstance(v, float) else v}" for name, v in config.items())


def duration(seconds: float | None) -> str:
    """Seconds for people: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`; `-` for None."""
    if seconds is None:
        return "-"
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def quoted(text: str) -> str:
    """`text` as one word of a shell, safe to copy."""
    return shlex.quote(printable(text, keep=""))


def next_steps(*commands: str) -> None:
    """Say what may be typed next. On stderr, so that a command's output can be piped."""
    for i, command in enumerate(commands):
        click.echo(f"{'next:' if i == 0 else '     '} {command}", err=True)
