"""What more trials would bring: exact expectations, closed forms, and the verdict."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from contracts.scripted import scripted
from search.analysis.checks.enough import enough, expected_best, expected_gain
from search.history import History

X = {"x": {"min": 0.0, "max": 1.0}}


def sweep(values: np.ndarray, method: str = "random") -> History:
    return scripted(X, [({"x": i / len(values)}, float(v)) for i, v in enumerate(values)], method=method)


def test_the_expected_best_is_the_mean_over_all_subsets() -> None:
    values = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.6])
    for size in range(1, 7):
        means = [min(subset) for subset in combinations(values, size)]
        assert expected_best(values, np.array([float(size)]))[0] == pytest.approx(np.mean(means))


def test_the_expected_gain_is_near_that_of_a_uniform_sample() -> None:
    rng = np.random.default_rng(0)
    gains = [float(expected_gain(rng.random(60), 30)) for _ in range(300)]
    assert np.median(gains) == pytest.approx(
        1 / 61 - 1 / 91, rel=0.35
    )  # the minimum of n uniforms is 1 / (n + 1)


def test_a_gain_that_does_not_shrink_goes_on_and_is_told_with_caution() -> None:
    rng = np.random.default_rng(0)
    gains = [float(expected_gain(np.log(rng.random(60)), 30)) for _ in range(300)]
    assert (
        0.6 * np.log(1.5) < np.median(gains) <= np.log(1.5)
    )  # a fitted sequence never grows, so it errs low


def test_a_value_that_falls_with_each_doubling_is_not_enough() -> None:
    (finding,) = enough(sweep(np.log(np.random.default_rng(1).random(60))))
    assert finding.verdict == "warn"
    assert "30 more trials" in finding.next
    low, high = finding.evidence["interval"]
    assert low <= finding.evidence["gain"] <= high


def test_many_trials_near_the_bottom_have_levelled_off() -> None:
    (finding,) = enough(sweep(np.random.default_rng(1).random(60)))
    assert finding.verdict == "pass"
    assert "levelled off" in finding.says


def test_a_method_that_learns_is_judged_by_its_later_half() -> None:
    rng = np.random.default_rng(3)
    values = np.concatenate([np.log(rng.random(30)) + 10, 5 + 1e-3 * rng.random(30)])
    later = enough(sweep(values, "tpe"))[0].evidence["gain"]
    assert later < 1e-2
    assert enough(sweep(values, "random"))[0].evidence["gain"] > later


def test_a_grid_is_no_sample() -> None:
    (finding,) = enough(sweep(np.random.default_rng(1).random(60), "grid"))
    assert finding.verdict == "cannot tell"
    assert "grid" in finding.says


def test_few_or_equal_values() -> None:
    assert enough(sweep(np.arange(19.0)))[0].verdict == "cannot tell"
    assert enough(scripted(X, []))[0].verdict == "cannot tell"
    assert enough(sweep(np.ones(40)))[0].verdict == "pass"
