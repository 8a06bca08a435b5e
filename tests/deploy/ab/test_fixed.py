"""One look at the end: against scipy and statsmodels, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from deploy.ab.fixed import rates, welch


def test_welch_as_scipy() -> None:
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(0)
    for n, m, deviation in ((10, 300, 5.0), (40, 40, 1.0), (3, 4, 2.0)):
        control, treatment = rng.normal(size=n), rng.normal(0.3, deviation, m)
        found, theirs = welch(control, treatment), ttest_ind(treatment, control, equal_var=False)
        interval = theirs.confidence_interval()
        assert found.p == pytest.approx(theirs.pvalue, rel=1e-9)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_rates_as_statsmodels() -> None:
    reason = "statsmodels is the independent count; pip install statsmodels"
    theirs = pytest.importorskip("statsmodels.stats.proportion", reason=reason)
    for x, n, y, m in ((100, 1000, 130, 1000), (7, 60, 20, 61), (400, 500, 380, 450)):
        found = rates((x, n), (y, m))
        assert found.p == pytest.approx(theirs.proportions_ztest([y, x], [m, n])[1], rel=1e-9)
        interval = theirs.confint_proportions_2indep(y, m, x, n, method="newcomb")
        assert (found.low, found.high) == pytest.approx(interval, rel=1e-9)


def test_few_events_are_tested_exactly() -> None:
    from scipy.stats import fisher_exact

    found = rates((0, 20), (5, 20))
    assert found.test.startswith("Fisher")
    assert found.p == pytest.approx(fisher_exact([[0, 20], [5, 15]]).pvalue)
    assert found.low <= 0.25 <= found.high
    nothing = rates((0, 50), (0, 50))
    assert nothing.p == 1
    assert nothing.low < 0 < nothing.high


@pytest.mark.parametrize(
    ("p", "n", "m"), [(0.5, 100, 100), (0.1, 300, 300), (0.05, 200, 800), (0.01, 100, 100)]
)
def test_rates_hold_their_error_and_their_cover(p: float, n: int, m: int) -> None:
    rng, draws = np.random.default_rng(1), 2000
    found = [
        rates((int(x), n), (int(y), m))
        for x, y in zip(rng.binomial(n, p, draws), rng.binomial(m, p, draws), strict=True)
    ]
    sigma = np.sqrt(0.05 * 0.95 / draws)
    assert np.mean([each.p <= 0.05 for each in found]) < 0.05 + 4 * sigma
    assert np.mean([each.low <= 0 <= each.high for each in found]) > 0.95 - 4 * sigma


def test_welch_holds_its_error_where_variances_differ() -> None:
    rng, draws = np.random.default_rng(2), 2000
    p = [welch(rng.normal(0, 1, 60), rng.normal(0, 6, 20)).p for _ in range(draws)]
    assert abs(np.mean(np.array(p) <= 0.05) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / draws)


def test_equal_outcomes_within_each_arm() -> None:
    assert welch(np.ones(5), np.ones(5)).p == 1
    assert welch(np.ones(5), 2 * np.ones(5)).p == 0
