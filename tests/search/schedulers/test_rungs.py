from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.playing import problem_of
from search.schedulers.rungs import default_min_iter, geometric, read_ladder


def test_243_by_three_keeps_its_top_rung() -> None:
    assert geometric(1, 243, 3) == (1, 3, 9, 27, 81, 243)
    assert math.floor(math.log(243) / math.log(3)) == 4  # what a logarithm would make of it


@given(st.integers(1, 50), st.integers(2, 7), st.integers(0, 12))
def test_a_power_is_always_its_own_top_rung(first: int, eta: int, exponent: int) -> None:
    top = first * eta**exponent
    assert geometric(first, top, eta)[-1] == top
    assert len(geometric(first, top, eta)) == exponent + 1
    assert len(geometric(first, top - 1, eta)) == exponent


@pytest.mark.parametrize(
    ("max_steps", "eta", "expected"),
    [
        (1, 3, 1),
        (2, 3, 1),
        (9, 3, 1),
        (10, 3, 2),
        (27, 3, 3),
        (52, 3, 6),
        (81, 3, 9),
        (100, 3, 12),
        (100, 2, 13),
    ],
)
def test_the_first_rung_by_default(max_steps: int, eta: int, expected: int) -> None:
    assert default_min_iter(max_steps, eta, 10) == expected


@given(st.integers(1, 5000), st.integers(2, 10))
def test_by_default_no_rung_lies_just_short_of_the_end(max_steps: int, eta: int) -> None:
    rungs, _ = read_ladder(problem_of(max_steps), None, None, eta, 10)
    assert all(rung <= (max_steps + 10) / eta for rung in rungs)  # + 10: the first is rounded up


def test_no_rung_at_full_fidelity_where_nothing_is_left_to_decide() -> None:
    assert read_ladder(problem_of(27), 1, None, 3, 10) == ((1, 3, 9), 3)
    assert read_ladder(problem_of(28), 1, 27, 3, 10) == ((1, 3, 9, 27), 3)
    assert read_ladder(problem_of(27), 27, None, 3, 10) == ((), 3)
    assert read_ladder(problem_of(27), 1, 9, 3.0, 10) == ((1, 3, 9), 3)  # type: ignore[arg-type]  # YAML's 3.0


def test_a_short_max_iter_pulls_the_first_rung_down() -> None:
    assert read_ladder(problem_of(1000), None, 10, 3, 10) == ((10,), 3)
