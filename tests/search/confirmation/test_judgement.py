"""Are the numbers of a confirmation what they claim to be? Against closed forms, and in simulations with a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from search.analysis.confirmation import probability_best, seeds_needed
from search.analysis.paired import holm, mean_interval
from search.confirmation.racing import ERROR, FIRST_LOOK, beaten


def table(rng: np.random.Generator, means: np.ndarray, seeds: int, noise: float = 1.0) -> np.ndarray:
    """Scores with an effect of the seed that all configs share."""
    return rng.normal(0, 2, (seeds, 1)) + means + rng.normal(0, noise, (seeds, len(means)))


def test_for_two_the_chance_to_be_best_is_students() -> None:
    scores = table(np.random.default_rng(0), np.array([0.0, 0.7]), 6)
    difference = scores[:, 1] - scores[:, 0]
    exact = stats.t.cdf(difference.mean() / (difference.std(ddof=1) / np.sqrt(6)), 5)
    chances = probability_best(scores)
    assert chances[0] == pytest.approx(exact, abs=0.01)
    assert sum(chance for chance in chances if chance is not None) == pytest.approx(1.0)


def test_missing_values_do_not_break_the_pairing() -> None:
    scores = table(np.random.default_rng(1), np.array([0.0, 0.3, 5.0]), 8, noise=0.1)
    scores[2:, 2] = np.nan  # dropped by racing
    scores[4, 0] = np.nan  # failed
    chances = probability_best(scores)
    assert chances[0] is not None
    assert chances[0] > 0.99
    assert chances[2] == pytest.approx(0.0, abs=1e-3)


def test_nothing_is_claimed_where_the_noise_cannot_be_known() -> None:
    assert probability_best(np.array([[1.0, 2.0]])) == [None, None]
    assert probability_best(np.array([[1.0], [2.0]])) == [1.0]
    assert probability_best(np.array([[np.nan, 1.0], [np.nan, 2.0]])) == [None, 1.0]
    assert probability_best(np.full((4, 2), 3.0)) == [0.5, 0.5]


def test_the_chance_to_be_best_is_calibrated() -> None:
    """Truths drawn from a wide prior: of claims near p, a share of p is right, within three sigmas of each bin."""
    rng = np.random.default_rng(2)
    claims, right = [], []
    for _ in range(300):
        truth = rng.normal(0, 1.0, 3)
        for config, chance in enumerate(probability_best(table(rng, truth, 5))):
            claims.append(chance)
            right.append(config == truth.argmin())
    claimed, hits = np.array(claims, float), np.array(right)
    for low, high in ((0.0, 0.2), (0.2, 0.4), (0.4, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = (claimed >= low) & (claimed < high)
        assert inside.sum() > 25
        expected, n = claimed[inside].mean(), inside.sum()
        sigma = np.sqrt(max(expected * (1 - expected), 0.01) / n)
        # a flat prior where the truths are shrunk makes the claims a little bold: half a tenth is allowed for that
        assert abs(hits[inside].mean() - expected) < 3 * sigma + 0.05, (low, high)


def test_the_interval_of_a_mean_covers() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(1000):
        low, high = mean_interval(rng.normal(1.0, 2.0, 5))
        covered += low <= 1.0 <= high
    assert 0.92 <= covered / 1000 <= 0.98


@pytest.mark.parametrize("gaps", [(0.0, 0.0), (0.0, 0.5, 0.5), (0.0, 0.2, 1.0, 2.0)])
def test_racing_keeps_its_error_rate(gaps: tuple[float, ...]) -> None:
    """The truly best config is dropped in at most 5 % of the races, within three sigmas; of equals any may be."""
    rng = np.random.default_rng(4)
    races, seeds, lost = 400, 10, 0
    for _ in range(races):
        scores: list[list[float | None]] = [[None] * len(gaps) for _ in range(seeds)]
        drawn = table(rng, np.array(gaps), seeds)
        for turn in range(seeds):
            out = beaten(scores, seeds)
            scores[turn] = [
                None if c in out and turn >= FIRST_LOOK else float(drawn[turn, c]) for c in range(len(gaps))
            ]
        lost += 0 in beaten(scores, seeds)
    assert lost / races <= ERROR + 3 * np.sqrt(ERROR * (1 - ERROR) / races)


def test_racing_saves_seeds_where_the_difference_is_plain() -> None:
    drawn = table(np.random.default_rng(5), np.array([0.0, 8.0, 9.0]), 10)
    assert beaten([list(map(float, row)) for row in drawn[:6]] + [[None] * 3] * 4, 10) == {1, 2}


def test_a_round_that_is_not_complete_decides_nothing() -> None:
    rows: list[list[float | None]] = [[0.0, 9.0], [0.1, 9.1], [0.0, None]]
    assert beaten(rows + [[None, None]] * 5, 8) == set()


@pytest.mark.parametrize(("comparisons", "seeds"), [(1, 6), (2, 7), (3, 7), (9, 9)])
def test_how_many_seeds_a_test_needs(comparisons: int, seeds: int) -> None:
    assert seeds_needed(comparisons) == seeds
    pairs = [{"p": 2 / 2**seeds, "adjusted": None} for _ in range(comparisons)]
    holm(pairs)
    assert pairs[0]["adjusted"] <= 0.05
