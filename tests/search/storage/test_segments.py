"""The journal as objects: whatever drivers put, and in whatever order they were cut off, one journal comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.errors import JournalError
from search.storage.segments import Segment, epoch_of, plan, segments
from search.storage.store import Item


def pieces(*found: Segment) -> list[tuple[int, int, int]]:
    items = [Item(f"run/journal/{each.name}", each.size, 0.0) for each in found]
    return [(piece.segment.epoch, piece.start, piece.end) for piece in plan(segments(items), "s3://b/run")]


def test_names_are_read_back_and_others_are_left_out() -> None:
    items = [
        Item("run/journal/000002-00000000000000000010.jsonl", 5, 0.0),
        Item("run/journal/notes.txt", 5, 0.0),
    ]
    assert segments(items) == [Segment(2, 10, 5)]
    assert epoch_of(segments(items)) == 2
    assert epoch_of([]) == 0


def test_segments_of_one_driver_follow_each_other() -> None:
    assert pieces(Segment(1, 0, 100), Segment(1, 100, 7)) == [(1, 0, 100), (1, 100, 107)]
    assert pieces() == []


def test_a_later_driver_counts_from_where_it_began() -> None:
    assert pieces(Segment(1, 0, 100), Segment(2, 100, 5)) == [(1, 0, 100), (2, 100, 105)]
    assert pieces(Segment(1, 0, 160), Segment(2, 100, 5)) == [(1, 0, 100), (2, 100, 105)]
    assert pieces(Segment(1, 0, 80), Segment(1, 80, 80), Segment(2, 70, 5)) == [(1, 0, 70), (2, 70, 75)]
    assert pieces(Segment(1, 0, 80), Segment(2, 0, 30)) == [(2, 0, 30)]


def test_a_gap_is_refused() -> None:
    with pytest.raises(JournalError, match=r"s3://b/run: bytes 100 to 120 of its journal are missing"):
        pieces(Segment(1, 0, 100), Segment(1, 120, 7))
    with pytest.raises(JournalError, match="bytes 0 to 5"):
        pieces(Segment(1, 5, 100))


@given(st.data())
def test_what_a_driver_cut_off_still_puts_changes_nothing(data: st.DataObject) -> None:
    """Each driver begins somewhere in what the one before had put; that one goes on putting, beyond, for a while."""
    found: list[Segment] = []
    truth: list[int] = []  # the driver of each byte
    for epoch in range(1, data.draw(st.integers(1, 4)) + 1):
        begin = len(truth)
        sizes = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
        offset = begin
        for size in sizes:
            found.append(Segment(epoch, offset, size))
            offset += size
        written = [epoch] * (offset - begin)
        late = data.draw(st.integers(0, 9))
        found[-1] = Segment(epoch, found[-1].offset, found[-1].size + late)
        truth = [*truth, *written]
    truth += [epoch] * late
    shuffled = data.draw(st.permutations(found))
    assert [piece[0] for piece in pieces(*shuffled) for _ in range(piece[1], piece[2])] == truth
