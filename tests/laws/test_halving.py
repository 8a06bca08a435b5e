"""Degenerate cases of successive halving."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.journals import plain
from contracts.playing import fates, play, problem_of
from search.schedulers import make_scheduler

curves = st.builds(
    lambda seed, count: np.random.default_rng(seed).normal(size=(count, 9)).round(1).tolist(),
    st.integers(0, 10**6),
    st.integers(1, 30),
)


@pytest.mark.parametrize("name", ["asha", "hyperband"])
@settings(max_examples=30, deadline=None)
@given(lines=curves, workers=st.integers(1, 5), eta=st.integers(2, 5))
def test_with_its_only_rung_at_the_end_it_is_no_stopping_at_all(
    name: str, lines: list[list[float]], workers: int, eta: int
) -> None:
    problem = problem_of(9)
    late = make_scheduler(name, problem, {"min_iter": 9, "eta": eta})
    _, halved = play(problem, late, lines, workers)
    _, whole = play(problem, make_scheduler("none", problem), lines, workers)
    assert [plain(record) for record in halved] == [plain(record) for record in whole]


@settings(max_examples=30, deadline=None)
@given(lines=curves, workers=st.integers(1, 5))
def test_hyperband_without_rungs_is_asha_without_rungs(lines: list[list[float]], workers: int) -> None:
    problem = problem_of(9)
    stories = [
        fates(play(problem, make_scheduler(name, problem, {"min_iter": 9}), lines, workers)[0])
        for name in ("asha", "hyperband")
    ]
    assert stories[0] == stories[1]


@settings(max_examples=30, deadline=None)
@given(lines=curves, shift=st.floats(-5, 5), scale=st.floats(0.5, 8))
def test_only_the_order_of_scores_counts(lines: list[list[float]], shift: float, scale: float) -> None:
    """Halving is unchanged by any increasing map of the metric."""
    problem = problem_of(9)
    moved = [[float(np.round(scale * value + shift, 6)) for value in line] for line in lines]
    for name in ("asha", "hyperband"):
        one, _ = play(problem, make_scheduler(name, problem, {"min_iter": 1}), lines, 3)
        other, _ = play(problem, make_scheduler(name, problem, {"min_iter": 1}), moved, 3)
        assert fates(one) == fates(other)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 60), eta=st.integers(2, 4))
def test_how_many_pass_a_rung_depends_on_the_order_of_arrival(count: int, eta: int) -> None:
    """Each better than all before: all pass. Each worse than all before: the i-th passes only while i // eta does."""
    problem = problem_of(9)

    def passed(levels: list[float]) -> int:
        scheduler = make_scheduler("asha", problem, {"min_iter": 5, "eta": eta})
        sweep, _ = play(problem, scheduler, [[level] * 9 for level in levels])
        return sum(state == "completed" for state, _ in fates(sweep))

    levels = [float(level) for level in range(count)]
    assert passed(levels[::-1]) == count
    assert passed(levels) == 1
