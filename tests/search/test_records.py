"""A journal whose sums fit and whose records no sweep has written: refused in a sentence, at the record."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from search.errors import JournalError
from search.history import History
from search.journal import encode, read_journal
from search.records import why_unsound

GOLDEN = Path(__file__).parents[1] / "golden"


def first(records: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(record for record in records if record["type"] == kind)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_record_of_a_sweep_is_sound(path: Path) -> None:
    assert [why_unsound(record) for record in read_journal(path) if why_unsound(record)] == []


@pytest.mark.parametrize(
    ("kind", "member", "value"),
    [
        ("ask", "trial", -1),
        ("ask", "trial", 7),
        ("ask", "config", ["x"]),
        ("ask", "config", {"x": {"min": 0}}),
        ("ask", "now", "soon"),
        ("start", "trial", 900),
        ("start", "from_step", None),
        ("start", "after", "a text"),
        ("result", "metrics", {"loss": "low"}),
        ("result", "metrics", None),
        ("result", "step", 0),
        ("result", "step", True),
        ("result", "now", math.nan),
        ("close", "outcome", "won"),
        ("close", "failure", {"kind": 1}),
        ("sweep", "problem", None),
        ("sweep", "about", {"settings": "mlp"}),
    ],
)
def test_what_no_sweep_has_written_is_refused(kind: str, member: str, value: Any) -> None:
    records = read_journal(GOLDEN / "asha-eventful.jsonl")
    first(records, kind)[member] = value
    with pytest.raises(JournalError, match="was not written by a sweep") as refused:
        History.from_records(records)
    assert len(str(refused.value)) < 600


def test_a_trial_that_is_closed_twice_is_refused() -> None:
    records = read_journal(GOLDEN / "asha-eventful.jsonl")
    at = records.index(first(records, "close"))
    with pytest.raises(JournalError, match=f"record {at + 2} "):
        History.from_records([*records[: at + 1], records[at]])


def test_a_copy_takes_the_place_of_a_trial_there_was() -> None:
    records = read_journal(GOLDEN / "population-simulated.jsonl")
    at = next(i for i, record in enumerate(records) if record.get("replaces") is not None)
    with pytest.raises(JournalError, match=f"record {at + 1} .* takes the place of trial 999"):
        History.from_records([*records[:at], {**records[at], "replaces": 999}])


def test_what_a_later_version_adds_is_passed_over() -> None:
    records = read_journal(GOLDEN / "asha-eventful.jsonl")
    records.append({"type": "weather", "now": 1.0, "sky": ["blue"]})
    assert History.from_records(records).trials


def test_a_header_of_another_format_whose_writer_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(encode({"type": "sweep", "format": 99, "about": ["odd"]}))
    with pytest.raises(JournalError, match=r"format 99.*unknown"):
        read_journal(path)
