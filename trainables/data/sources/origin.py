"""Where rows come from, in the words of the messages about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trainables.data.dataset import Repair

__all__ = ["SHOWN", "Origin", "Places", "repair_of"]

SHOWN = 5
"""Places that a repair lists."""


@dataclass(frozen=True)
class Places:
    """Says where a row stands: `Places("row", (2, 3))(1) == "row 3"`.

    Attributes:
        noun: stands before the mark; "" = nothing.
        marks: one a row: the line of a file, or a name; None = rows counted from 1.
    """

    noun: str = "row"
    marks: Sequence[int | str] | None = None

    def __call__(self, index: int) -> str:
        mark = index + 1 if self.marks is None else self.marks[index]
        return f"{self.noun} {mark}".lstrip()

    def of(self, kept: Iterable[int]) -> Places:
        """The places of the rows that were kept."""
        return Places(self.noun, tuple(i + 1 if self.marks is None else self.marks[i] for i in kept))


@dataclass(frozen=True)
class Origin:
    """A source's name and the places of its rows."""

    name: str
    places: Places = Places()

    def at(self, index: int, column: str | None = None) -> str:
        """Begins a message about a row, or one cell of it."""
        cell = "" if column is None else f", column {column!r}"
        return f"{self.name}, {self.places(index)}{cell}"


def repair_of(what: str, rows: Sequence[int], places: Places) -> Repair:
    """A repair of some rows, with the places of the first few."""
    return Repair(what, len(rows), tuple(places(index) for index in rows[:SHOWN]))
