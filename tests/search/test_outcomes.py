"""Outcome constraints: how they are written, and how far a result breaks them."""

from __future__ import annotations

import math

import pytest

from search.outcomes import OutcomeConstraint


@pytest.mark.parametrize(
    ("text", "metric", "sign", "bound"),
    [
        ("size_kb <= 100", "size_kb", "<=", 100.0),
        ("val/loss>=-0.5", "val/loss", ">=", -0.5),
        ("  valid/accuracy >= 1e-3 ", "valid/accuracy", ">=", 0.001),
        ("`peak memory (MB)` <= 512", "peak memory (MB)", "<=", 512.0),
    ],
)
def test_what_is_written_is_read(text: str, metric: str, sign: str, bound: float) -> None:
    constraint = OutcomeConstraint.parse(text)
    assert (constraint.metric, constraint.sign, constraint.bound) == (metric, sign, bound)
    assert OutcomeConstraint.parse(constraint.text) == constraint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("size_kb", "METRIC <= NUMBER"),
        ("size_kb < 100", "not <"),
        ("size_kb == 100", "not =="),
        ("size_kb <= big", "'big' is none"),
        ("size_kb <= nan", "finite"),
        ("a + b <= 3", "METRIC <= NUMBER"),
        ("", "METRIC <= NUMBER"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_form(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        OutcomeConstraint.parse(text)


def test_the_excess_is_in_units_of_the_bound() -> None:
    assert OutcomeConstraint.parse("kb <= 100").excess({"kb": 150.0}) == 0.5
    assert OutcomeConstraint.parse("kb <= 100").excess({"kb": 100.0}) == 0.0
    assert OutcomeConstraint.parse("accuracy >= 0.5").excess({"accuracy": 0.75}) == -0.5
    assert OutcomeConstraint.parse("gap <= 0").excess({"gap": 0.25}) == 0.25


def test_nothing_is_said_of_what_was_not_measured() -> None:
    constraint = OutcomeConstraint.parse("kb <= 100")
    assert constraint.excess({}) is None
    assert constraint.excess({"kb": math.nan}) is None
    assert constraint.excess({"kb": math.inf}) is None
