"""The journal in a store, which cannot append: segments, each named by its driver and by the byte where it begins.

    <run>/journal/000001-00000000000000000000.jsonl     the first driver, from byte 0
    <run>/journal/000001-00000000000000262411.jsonl     the next segment, once that one held 256 KiB
    <run>/journal/000002-00000000000000301877.jsonl     another driver, which had read up to byte 301877

The last segment of a driver is put again as it grows, so that a segment is always whole and putting it twice changes
nothing. What a driver with a lower number wrote beyond the byte where a later one began is not part of the journal: a
driver that was cut off from the store and comes back cannot damage what has gone on elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from search.errors import JournalError
from search.storage.store import Item

__all__ = ["FOLDER", "FULL", "Piece", "Segment", "epoch_of", "plan", "segments"]

FOLDER = "journal"
FULL = 256 * 1024  # bytes; beyond that the next segment is begun
_NAME = re.compile(r"(\d{6})-(\d{20})\.jsonl")


@dataclass(frozen=True)
class Segment:
    """`epoch`: number of the driver, from 1. `offset`, `size`: bytes of the journal."""

    epoch: int
    offset: int
    size: int

    @property
    def name(self) -> str:
        return f"{self.epoch:06d}-{self.offset:020d}.jsonl"


@dataclass(frozen=True)
class Piece:
    """Bytes `start` to `end` of the journal, which are the first ones of a segment."""

    segment: Segment
    start: int
    end: int


def segments(items: Iterable[Item]) -> list[Segment]:
    """The segments among the objects of a `journal/` folder, by driver and offset."""
    found = []
    for item in items:
        named = _NAME.fullmatch(item.key.rpartition("/")[2])
        if named:
            found.append(Segment(int(named[1]), int(named[2]), item.size))
    return sorted(found, key=lambda each: (each.epoch, each.offset))


def epoch_of(found: Iterable[Segment]) -> int:
    """Number of the last driver; 0 where there was none."""
    return max((each.epoch for each in found), default=0)


def plan(found: Iterable[Segment], where: str) -> list[Piece]:
    """What makes up the journal, in order and without a gap.

    Raises JournalError: bytes are missing. `where`: the run, for the message.
    """
    pieces: list[Piece] = []
    for each in found:
        end = pieces[-1].end if pieces else 0
        if each.offset > end:
            raise JournalError(
                f"{where}: bytes {end} to {each.offset} of its journal are missing from the store. Resume it where it ran "
                "last (what did not arrive is there), or restore the objects below journal/"
            )
        while pieces and pieces[-1].start >= each.offset:
            pieces.pop()
        if pieces and pieces[-1].end > each.offset:
            pieces[-1] = replace(pieces[-1], end=each.offset)
        pieces.append(Piece(each, each.offset, each.offset + each.size))
    return pieces
