"""Statistics of shift: closed forms, scipy as oracle, and error rates where nothing has shifted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, chi2_contingency, ks_2samp

from deploy.validation.columns import compare_columns
from deploy.validation.shift import (
    chi2,
    holm,
    jensen_shannon,
    ks,
    psi,
    psi_by_chance,
    shares,
    two_sample,
)


def _at_most(count: int, draws: int, level: float) -> bool:
    """Whether so many false alarms fit a procedure that holds its level: 1 in 1,000 sound ones would fail."""
    return count <= int(binom.ppf(0.999, draws, level))


def test_distances_have_their_closed_forms() -> None:
    assert psi([0.5, 0.5], [0.5, 0.5]) == 0
    assert psi([0.5, 0.5], [0.8, 0.2]) == pytest.approx(0.3 * np.log(1.6) - 0.3 * np.log(0.4))
    assert psi([0.2, 0.8], [0.7, 0.3]) == pytest.approx(psi([0.7, 0.3], [0.2, 0.8]))
    assert np.isfinite(psi([1.0, 0.0], [0.0, 1.0]))
    assert jensen_shannon([0.3, 0.7], [0.3, 0.7]) == 0
    assert jensen_shannon([1, 0], [0, 1]) == pytest.approx(1.0)
    assert shares([1, 3]).tolist() == [0.25, 0.75]
    assert shares([0, 0]).tolist() == [0, 0]


def test_bins_that_are_not_the_same_are_refused() -> None:
    for distance in (psi, jensen_shannon, chi2):
        with pytest.raises(ValueError, match="of the same bins"):
            distance([1, 2], [1, 2, 3])


def test_tests_agree_with_scipy() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=300), rng.normal(0.2, size=900)
    assert ks(a, b) == pytest.approx(tuple(ks_2samp(a, b, method="asymp"))[:2])
    assert ks(a, b[:200]) == pytest.approx(tuple(ks_2samp(a, b[:200], method="exact"))[:2])
    counts = np.array([[40, 60, 100], [55, 45, 80]])
    oracle = chi2_contingency(counts, correction=False)
    assert chi2(*counts) == pytest.approx((oracle.statistic, oracle.pvalue))


def test_what_cannot_be_told_is_no_alarm() -> None:
    assert ks([], [1.0]) == (0.0, 1.0)
    assert ks([np.nan, np.inf], [1.0]) == (0.0, 1.0)
    assert chi2([5, 0], [7, 0]) == (0.0, 1.0)
    assert chi2([0, 0], [7, 1]) == (0.0, 1.0)
    assert two_sample(pd.DataFrame({"x": range(5)}), pd.DataFrame({"x": range(50)})) == (0.5, 1.0)
    assert psi_by_chance(10, 0, 50) == np.inf


def test_rare_labels_are_joined_until_the_approximation_holds() -> None:
    many = np.r_[200, 150, np.ones(40)]
    assert chi2(many, many) == (0.0, 1.0)
    assert chi2([100, 1, 1], [100, 0, 0])[1] == 1.0  # together they are still too rare: one cell is left


def test_holm_gives_the_textbook_values_in_the_order_asked() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]).tolist() == []


def test_psi_exceeds_its_limit_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    expected, draws = np.full(10, 0.1), 2000
    high = sum(
        psi(shares(rng.multinomial(400, expected)), shares(rng.multinomial(250, expected)))
        > psi_by_chance(10, 400, 250)
        for _ in range(draws)
    )
    assert 0.03 * draws < high < 0.075 * draws


def test_chi2_holds_its_level_with_rare_labels() -> None:
    rng, draws = np.random.default_rng(2), 2000
    labels = np.array([0.5, 0.3, 0.1, 0.05, 0.03, 0.01, 0.01])
    wrong = sum(
        chi2(rng.multinomial(150, labels), rng.multinomial(60, labels))[1] <= 0.05 for _ in range(draws)
    )
    assert _at_most(wrong, draws, 0.05)
    assert wrong > 0.02 * draws


def _mixed(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    base = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "a": base,
            "b": base + 0.1 * rng.normal(size=rows),  # the same again: Holm holds however they depend
            "count": rng.poisson(3, rows),
            "label": rng.choice(["red", "green", "blue"], rows, p=[0.6, 0.3, 0.1]),
            "holes": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows)),
        }
    )


def test_columns_that_did_not_shift_are_called_shifted_in_one_case_of_twenty_at_most() -> None:
    rng, draws = np.random.default_rng(3), 250
    wrong = sum(
        any(each.adjusted <= 0.05 for each in compare_columns(_mixed(rng, 200), _mixed(rng, 80)))
        for _ in range(draws)
    )
    assert _at_most(wrong, draws, 0.05)


def test_the_column_that_shifted_comes_first() -> None:
    rng = np.random.default_rng(4)
    a, b = _mixed(rng, 400), _mixed(rng, 400)
    shifted = compare_columns(a, b.assign(count=b["count"] + 1, label="red"))
    assert {each.name for each in shifted if each.adjusted <= 0.05} == {"count", "label"}
    assert shifted[0].psi > shifted[0].psi_limit
    gone = compare_columns(a, b.assign(holes=np.nan))
    assert gone[0].name == "holes"
    assert gone[0].missing[1] == 1.0
    assert gone[0].adjusted < 1e-6


def test_dates_and_foreign_labels_are_compared() -> None:
    days = pd.date_range("2024-01-01", periods=120)
    a = pd.DataFrame({"day": days, "colour": ["red", "blue"] * 60})
    b = pd.DataFrame({"day": days + pd.Timedelta(days=400), "colour": ["violet", "red"] * 60})
    found = {each.name: each for each in compare_columns(a, b)}
    assert found["day"].statistic == 1.0
    assert found["colour"].adjusted < 1e-6
    assert found["day"].a == "2024-03-01"


def test_a_classifier_that_learns_nothing_alarms_in_one_case_of_twenty_at_most() -> None:
    rng, draws = np.random.default_rng(5), 120
    found = [two_sample(_mixed(rng, 60), _mixed(rng, 40), seed) for seed in range(draws)]
    assert _at_most(sum(p <= 0.05 for _, p in found), draws, 0.05)
    assert _at_most(sum(p <= 0.2 for _, p in found), draws, 0.2)
    assert np.mean([auc for auc, _ in found]) == pytest.approx(0.5, abs=0.02)


def test_a_classifier_sees_what_no_column_shows() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(2, 150))
    a = pd.DataFrame({"x": x, "y": y})
    b = pd.DataFrame(rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 150), columns=["x", "y"])
    assert all(each.adjusted > 0.05 for each in compare_columns(a, b))
    auc, p = two_sample(a, b)
    assert p <= 0.01
    assert auc > 0.65
    assert two_sample(a, b) == (auc, p)


def _codes(rng: np.random.Generator, labels: int, rows: int) -> pd.DataFrame:
    return pd.DataFrame({"code": [f"c{number:06}" for number in rng.integers(0, labels, rows)]})


@pytest.mark.parametrize(("labels", "a", "b"), [(200, 400, 200), (60, 400, 100)])
def test_a_column_of_many_labels_is_called_shifted_as_seldom_as_stated(labels: int, a: int, b: int) -> None:
    """Labels chosen because the first frame has many of them would be fewer in any second one."""
    rng, draws = np.random.default_rng(7), 60
    found = [compare_columns(_codes(rng, labels, a), _codes(rng, labels, b))[0] for _ in range(draws)]
    assert _at_most(sum(each.adjusted <= 0.05 for each in found), draws, 0.05)
    assert _at_most(sum(each.psi > each.psi_limit for each in found), draws, 0.05)


def test_labels_that_occur_once_do_not_tell_the_frames_apart() -> None:
    rng, draws = np.random.default_rng(8), 20
    found = [two_sample(_codes(rng, 10**6, 20), _codes(rng, 10**6, 20), seed)[1] for seed in range(draws)]
    assert _at_most(sum(p <= 0.05 for p in found), draws, 0.05)
