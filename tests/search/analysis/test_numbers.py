from __future__ import annotations

import math

import pytest

from search.analysis.numbers import decimals_for, duration, number, percent, plural


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97222, "0.9722"),
        (0.0040312, "0.004031"),
        (0.5, "0.5"),
        (0, "0"),
        (12345.678, "12,346"),
        (-3.25, "−3.25"),
        (1.23456e-5, "1.235e-05"),
        (2.5e12, "2.5e+12"),
        (None, "–"),
        (math.nan, "nan"),
        (-math.inf, "−inf"),
    ],
)
def test_four_digits_tell_enough(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_column_shows_the_distance_of_its_first_two() -> None:
    assert decimals_for([0.97, 0.95, 0.3]) == 4
    assert decimals_for([0.9700001, 0.9700049, 0.3]) == 6
    assert decimals_for([1234.5, 1200.0]) == 0
    assert decimals_for([1e-9, 5.0e4, 1e-8]) is None
    assert decimals_for([0.0, 0.0]) == 0
    assert decimals_for([2.4e-5, 0.05, 0.3]) is None  # the first must not be shown as 0.0000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4249, "0.42 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
        (273600, "3 d 4 h"),
    ],
)
def test_durations_have_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_shares_are_rounded_to_nothing_or_all_only_when_they_are() -> None:
    assert [percent(share) for share in (0, 0.0001, 0.075, 0.42, 0.9999, 1)] == [
        "0 %",
        "< 0.1 %",
        "7.5 %",
        "42 %",
        "> 99.9 %",
        "100 %",
    ]


def test_plurals() -> None:
    assert plural(1, "trial") == "1 trial"
    assert plural(1200, "trial") == "1,200 trials"
