"""Round numbers on a scale."""

from __future__ import annotations

import pytest

from trainables.pictures.axes import ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-3, 47, [0, 10, 20, 30, 40]),
        (1e-9, 5e-9, [1e-9, 2e-9, 3e-9, 4e-9, 5e-9]),
        (-0.5, 0.5, [-0.4, -0.2, 0, 0.2, 0.4]),
    ],
)
def test_round_numbers_inside_the_range(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected)
