"""Rows of many points: the same as the space says of each point by itself."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.searchers import SPACES
from search.searchers.surrogate.encoding import Encoding


@pytest.mark.parametrize("name", [name for name in SPACES if name not in ("constants", "large integers")])
def test_snapped_is_what_the_space_makes_of_each_point(name: str) -> None:
    space = SPACES[name]
    encoding = Encoding(space)
    points = np.random.default_rng(0).random((200, encoding.width))
    rows = encoding.snapped(points)
    each = np.array([encoding.row(space.from_unit(point)) for point in points])
    np.testing.assert_allclose(rows, each, atol=1e-9)
    assert [encoding.config(row) for row in rows] == [space.from_unit(point) for point in points]


def test_snapping_twice_changes_nothing() -> None:
    encoding = Encoding(SPACES["conditional"])
    rows = encoding.snapped(np.random.default_rng(1).random((100, encoding.width)))
    np.testing.assert_array_equal(encoding.snapped(rows), rows)


def test_idle_parameters_tell_configs_apart_no_more() -> None:
    """Two points that differ only in what is not active are one row."""
    encoding = Encoding(SPACES["conditional"])
    points = np.random.default_rng(2).random((50, encoding.width))
    others = points.copy()
    idle = np.isnan([SPACES["conditional"].to_unit(SPACES["conditional"].from_unit(p)) for p in points])
    assert idle.any()
    others[idle] = 0.123
    np.testing.assert_array_equal(encoding.snapped(points), encoding.snapped(others))


def test_only_categories_have_no_order() -> None:
    encoding = Encoding(SPACES["mixed"])
    names = [each.name for each in SPACES["mixed"].searched]
    assert dict(zip(names, encoding.categories, strict=True)) == {
        "x": 0,
        "n": 0,
        "k": 0,
        "q": 0,
        "c": 3,
        "o": 0,
    }
