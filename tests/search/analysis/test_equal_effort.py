from __future__ import annotations

import itertools

import numpy as np
import pytest

from search.analysis.equal_effort import expected_bests, intervals, same_distribution


def test_the_expected_best_is_the_mean_over_every_subset() -> None:
    scores = [3.0, -1.0, 4.0, 1.5, 5.0, -1.0]
    for effort in range(1, len(scores) + 1):
        subsets = [min(subset) for subset in itertools.combinations(scores, effort)]
        assert expected_bests(scores, [effort])[0] == pytest.approx(np.mean(subsets))


def test_its_ends_are_the_mean_and_the_best_and_between_it_falls() -> None:
    scores = np.random.default_rng(0).normal(size=23)
    found = expected_bests(scores, [1, 1.5, 2, 3.7, 10, 22.5, 23])
    assert found[0] == pytest.approx(scores.mean())
    assert found[-1] == scores.min()
    assert list(found) == sorted(found, reverse=True)


@pytest.mark.parametrize(("trials", "effort"), [(5, 5), (12, 12), (40, 40), (30, 10)])
@pytest.mark.parametrize("shape", ["normal", "bowl", "noisy bowl"])
def test_the_interval_holds_the_expected_best_of_fresh_trials(trials: int, effort: int, shape: str) -> None:
    rng = np.random.default_rng([trials, effort, len(shape)])

    def drawn(*size: int) -> np.ndarray:
        if shape == "normal":
            return rng.normal(size=size)
        bowl = ((rng.random((*size, 2)) - 0.5) ** 2).sum(axis=-1)
        return bowl + (0.02 * rng.normal(size=size) if "noisy" in shape else 0.0)

    true = drawn(20_000, effort).min(axis=1).mean()
    held = 0
    for sample in drawn(400, trials):
        low, high = intervals(sample, [effort])[0]
        assert low <= expected_bests(sample, [effort])[0] <= high
        held += low <= true <= high
    assert held / 400 >= 0.92


def test_resampling_would_hold_in_half_of_the_cases() -> None:
    """Why the interval is not the plain bootstrap: no resample is better than the best trial."""
    rng = np.random.default_rng(1)
    true = rng.normal(size=(20_000, 20)).min(axis=1).mean()
    held = []
    for sample in rng.normal(size=(200, 20)):
        drawn = expected_bests(rng.choice(sample, (200, 20)), [20])[:, 0]
        held.append(np.quantile(drawn, 0.025) <= true <= np.quantile(drawn, 0.975))
    assert np.mean(held) < 0.6


def test_intervals_move_and_stretch_with_the_scores() -> None:
    scores = np.random.default_rng(2).normal(size=15)
    assert intervals(7 + 3 * scores, [4, 15]) == pytest.approx(7 + 3 * intervals(scores, [4, 15]))


def test_equal_scores_have_no_width() -> None:
    assert intervals([0.5] * 8, [8]).tolist() == [[0.5, 0.5]]


def test_p_is_that_of_all_permutations() -> None:
    first, second, effort = [0.1, 0.5, 0.7, 0.9], [0.2, 1.5, 1.7], 2.0
    pooled, found = np.array(first + second), []
    for own in itertools.combinations(range(7), 4):
        mine = np.isin(np.arange(7), own)
        found.append(
            abs(expected_bests(pooled[mine], [effort])[0] - expected_bests(pooled[~mine], [effort])[0])
        )
    seen = abs(expected_bests(first, [effort])[0] - expected_bests(second, [effort])[0])
    exact = np.mean(np.array(found) >= seen - 1e-12)
    assert same_distribution(first, second, np.zeros(7), effort, 0) == pytest.approx(exact, abs=0.015)


def test_blocks_of_one_group_leave_nothing_to_exchange() -> None:
    assert same_distribution([1.0, 2.0, 3.0], [9.0, 8.0], [0, 0, 0, 1, 1], 1.0, 0) == 1.0


def test_a_trend_in_time_is_no_difference_within_blocks() -> None:
    """The second group ran later, when everything was better."""
    rng = np.random.default_rng(0)
    times = np.concatenate([np.arange(12), np.arange(8, 20)])
    scores = -times + 0.1 * rng.normal(size=24)
    assert same_distribution(scores[:12], scores[12:], np.zeros(24), 6, 0) < 0.01
    assert same_distribution(scores[:12], scores[12:], times // 4, 6, 0) > 0.2


def test_it_accuses_as_often_as_it_says_and_finds_what_is_there() -> None:
    rng = np.random.default_rng(5)
    alike = [same_distribution(*rng.normal(size=(2, 20)), np.zeros(40), 10, 0) for _ in range(200)]
    assert np.mean(np.array(alike) <= 0.05) <= 0.09
    first, second = rng.normal(size=(2, 30))
    assert same_distribution(first - 2, second, np.zeros(60), 15, 0) < 0.001


def test_the_seed_decides_and_many_trials_are_judged_at_once() -> None:
    rng = np.random.default_rng(6)
    first, second = rng.normal(size=4000), rng.normal(size=1000)
    found = [same_distribution(first, second, np.zeros(5000), 500, seed) for seed in (1, 1, 2)]
    assert found[0] == found[1]
    assert found[0] == pytest.approx(found[2], abs=0.1)
    assert intervals(first, [4000]).shape == (1, 2)
