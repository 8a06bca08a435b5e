"""Fronts, room and volume, against their definitions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.dominance import crowding, dominance_ranks, hypervolume

POINTS = st.integers(2, 3).flatmap(
    lambda m: st.lists(st.tuples(*[st.integers(0, 6).map(float)] * m), min_size=1, max_size=25)
)


def dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True)) and a != b


@given(POINTS)
@settings(max_examples=150, deadline=None)
def test_ranks_are_those_of_the_definition(points: list[tuple[float, ...]]) -> None:
    ranks = dominance_ranks(np.array(points))
    expected = {}
    left, rank = set(range(len(points))), 0
    while left:
        free = {i for i in left if not any(dominates(points[j], points[i]) for j in left)}
        expected |= dict.fromkeys(free, rank)
        left, rank = left - free, rank + 1
    assert ranks.tolist() == [expected[i] for i in range(len(points))]


def test_ranks_of_many_points_in_three_objectives() -> None:
    points = np.random.default_rng(0).random((2500, 3))  # more than are compared at a time
    first = dominance_ranks(points) == 0
    beaten = [
        any((other <= each).all() and (other < each).any() for other in points[first]) for each in points
    ]
    assert (~np.array(beaten)).tolist() == first.tolist()


def test_the_feasible_come_first_then_who_violates_least() -> None:
    points = np.array([[9.0, 9.0], [0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [5.0, 5.0]])
    assert dominance_ranks(points, [0.0, 3.0, 0.5, 0.5, 0.0]).tolist() == [1, 3, 2, 2, 0]
    assert dominance_ranks(points[1:4], [3.0, 0.5, 0.5]).tolist() == [1, 0, 0]


@given(POINTS)
@settings(max_examples=150, deadline=None)
def test_hypervolume_counts_the_cells_that_are_dominated(points: list[tuple[float, ...]]) -> None:
    """On whole coordinates the volume is a number of unit cells."""
    m = len(points[0])
    cells = itertools.product(range(7), repeat=m)
    counted = sum(any(all(x <= c for x, c in zip(p, cell, strict=True)) for p in points) for cell in cells)
    assert hypervolume(np.array(points), [7.0] * m) == pytest.approx(counted)


@pytest.mark.parametrize("objectives", [2, 3])
def test_hypervolume_is_what_optuna_finds(objectives: int) -> None:
    from optuna._hypervolume import compute_hypervolume

    points = np.random.default_rng(1).random((60, objectives))
    reference = np.full(objectives, 0.9)
    inside = points[(points < reference).all(axis=1)]
    assert hypervolume(points, reference) == pytest.approx(compute_hypervolume(inside, reference))


def test_hypervolume_at_its_edges() -> None:
    assert hypervolume(np.empty((0, 2)), [1.0, 1.0]) == 0.0
    assert hypervolume(np.array([[1.0, 0.0], [2.0, -5.0]]), [1.0, 1.0]) == 0.0  # on the border and beyond it
    assert hypervolume(np.array([[0.25]]), [1.0]) == 0.75


def test_crowding_is_infinite_at_the_ends_and_counts_the_room_between_neighbours() -> None:
    room = crowding(np.array([[0.0, 4.0], [1.0, 2.0], [4.0, 0.0]]))
    assert math.isinf(room[0])
    assert math.isinf(room[2])
    assert room[1] == pytest.approx(2.0)
    assert crowding(np.array([[1.0, 1.0], [1.0, 1.0]])).tolist() == [0.0, 0.0]
