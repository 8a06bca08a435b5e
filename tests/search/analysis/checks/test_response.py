"""The additive model: normal scores, slopes at the ends, and what it does with few trials."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.scripted import scripted
from search.analysis.checks.response import clipped, normal_scores, response
from search.analysis.ranking import ranked

SPACE = {"x": {"min": 0.0, "max": 1.0}, "kind": {"values": ["a", "b", "c"]}}


def model(value, trials: int = 60):  # type: ignore[no-untyped-def]
    rng, told = np.random.default_rng(0), []
    for i in range(trials):
        x = float(rng.random())
        told.append(({"x": x, "kind": "abc"[i % 3]}, value(x) + 0.01 * float(rng.standard_normal())))
    history = scripted(SPACE, told)
    return response(history, ranked(history))


def test_normal_scores_depend_on_the_order_alone() -> None:
    assert normal_scores([1.0, 2.0, 1e9]) == pytest.approx(normal_scores([0.1, 0.2, 0.3]))
    assert normal_scores([3.0, 1.0, 2.0]) == pytest.approx([0.674, -0.674, 0.0], abs=1e-3)
    assert len(set(normal_scores([1.0, 1.0, 1.0]))) == 1


def test_a_clipped_value_is_at_most_three_times_the_quartile_s_distance_beyond_it() -> None:
    assert clipped([1.0, 2.0, 3.0, 1e9]) * 1e9 == pytest.approx([1.0, 2.0, 3.0, 3.0 + 3 * 2.0])
    assert np.isfinite(clipped([1e300, -1e300, 0.0]) ** 2).all()


def test_the_slope_at_either_end_of_a_bowl_points_inwards() -> None:
    bowl = model(lambda x: (x - 0.5) ** 2)
    (term,) = (t for t in bowl.terms if t.number)
    (low, p_low), (high, p_high) = bowl.slope(term, 0.0), bowl.slope(term, 1.0)
    assert low < 0 < high
    assert p_low < 0.001
    assert p_high > 0.999


@pytest.mark.parametrize("trials", [20, 24, 60])
def test_a_bowl_is_no_slope_even_with_few_trials(trials: int) -> None:
    bowl = model(lambda x: (x - 0.4) ** 2, trials)
    (term,) = (t for t in bowl.terms if t.number)
    assert bowl.slope(term, 1.0)[1] > 0.5


def test_the_freedom_is_what_the_columns_leave() -> None:
    assert (
        model(lambda x: x).freedom == 60 - 1 - 2 - 2
    )  # the mean, the place and its square, two of three choices
