"""Looking after every row: the stated error holds, which a fixed-horizon test looked at often does not; cover and power."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from deploy.ab import plan_means, plan_rates
from deploy.ab.allocation import mismatch
from deploy.ab.fixed import rates
from deploy.ab.sequential import BURN_IN, EVENTS, half_width, sequence

Draw = Callable[[np.random.Generator, npt.NDArray[np.bool_]], npt.NDArray[np.float64]]

NULLS: dict[str, tuple[Draw, bool, float, int]] = {
    # name: outcomes, whether a rate, share of the treatment, planned rows
    "rate 0.02": (lambda rng, t: (rng.random(len(t)) < 0.02).astype(float), True, 0.5, 2000),
    "rate 0.5": (lambda rng, t: (rng.random(len(t)) < 0.5).astype(float), True, 0.5, 500),
    "rate 0.1, one in ten": (lambda rng, t: (rng.random(len(t)) < 0.1).astype(float), True, 0.1, 2000),
    "normal": (lambda rng, t: rng.normal(size=len(t)), False, 0.5, 500),
    "unequal variances": (lambda rng, t: rng.normal(0, np.where(t, 5, 1)), False, 0.3, 500),
    "exponential, one in ten": (lambda rng, t: rng.exponential(size=len(t)), False, 0.1, 500),
    "log-normal": (lambda rng, t: rng.lognormal(0, 1, len(t)), False, 0.5, 500),
    "large offset": (lambda rng, t: 1e9 + rng.normal(size=len(t)), False, 0.5, 2000),
}

REPEATS, ROWS = 400, 3000
SIGMA = np.sqrt(0.05 * 0.95 / REPEATS)


@pytest.mark.parametrize("null", NULLS)
def test_the_error_holds_however_often_one_looks(null: str) -> None:
    draw, rate, share, planned = NULLS[null]
    rng, found, missed = np.random.default_rng(0), 0, 0
    for _ in range(REPEATS):
        treated = rng.random(ROWS) < share
        path = sequence(treated, draw(rng, treated), alpha=0.05, planned=planned, rate=rate)
        found += path.p[-1] <= 0.05  # it never rises, so this is any look
        spoken = ~np.isnan(path.low)
        missed += bool((path.low[spoken] > 0).any() or (path.high[spoken] < 0).any())
    assert found / REPEATS < 0.05 + 3 * SIGMA
    assert missed == found  # interval and p are one statement


def test_a_fixed_horizon_test_looked_at_often_does_not_hold_it() -> None:
    """The gate has to be able to fail: the same looks with the pooled z test find something far more often."""
    rng, found = np.random.default_rng(0), 0
    for _ in range(REPEATS):
        treated = rng.random(ROWS) < 0.5
        ones = rng.random(ROWS) < 0.5
        for n in range(200, ROWS + 1, 100):
            t = treated[:n]
            y, m = int(ones[:n][t].sum()), int(t.sum())
            if rates((int(ones[:n].sum()) - y, n - m), (y, m)).p <= 0.05:
                found += 1
                break
    assert found / REPEATS > 0.05 + 10 * SIGMA


def test_a_difference_is_found_with_the_planned_power_and_the_interval_holds_it() -> None:
    rng, repeats = np.random.default_rng(1), 200
    for plan, draw, rate in (
        (plan_rates(0.1, 0.04, method="sequential"), _rate(0.1, 0.04), True),
        (plan_means(2.0, 0.4, method="sequential"), _mean(2.0, 0.4), False),
    ):
        found, missed, ends = 0, 0, []
        for _ in range(repeats):
            treated = rng.random(plan.rows) < 0.5
            path = sequence(treated, draw(rng, treated), alpha=0.05, planned=plan.planned, rate=rate)
            crossed = path.p <= 0.05
            found += bool(crossed.any())
            ends.append(int(crossed.argmax()) if crossed.any() else plan.rows)
            spoken = ~np.isnan(path.low)
            missed += bool((path.low[spoken] > plan.effect).any() or (path.high[spoken] < plan.effect).any())
        assert found / repeats > 0.8 - 3 * np.sqrt(0.8 * 0.2 / repeats)
        assert missed / repeats < 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)
        assert np.mean(ends) < 1.15 * plan.planned  # on average it ends about where one look would have been


def _rate(base: float, effect: float) -> Draw:
    return lambda rng, t: (rng.random(len(t)) < base + effect * t).astype(float)


def _mean(deviation: float, effect: float) -> Draw:
    return lambda rng, t: rng.normal(0, deviation, len(t)) + effect * t


def test_what_was_known_after_a_row_does_not_follow_later_rows() -> None:
    rng = np.random.default_rng(3)
    treated, values = rng.random(800) < 0.5, rng.normal(size=800)
    whole, part = (sequence(treated[:n], values[:n], alpha=0.05, planned=500) for n in (800, 500))
    for name in ("estimate", "low", "high", "p"):
        np.testing.assert_allclose(getattr(whole, name)[:500], getattr(part, name), rtol=1e-8, equal_nan=True)


def test_the_estimate_is_the_difference_of_the_means() -> None:
    rng = np.random.default_rng(4)
    treated, values = rng.random(700) < 0.4, rng.lognormal(size=700)
    path = sequence(treated, values, alpha=0.05)
    assert path.estimate[-1] == pytest.approx(values[treated].mean() - values[~treated].mean(), rel=1e-10)
    variance = values[treated].var(ddof=1) / treated.sum() + values[~treated].var(ddof=1) / (~treated).sum()
    half = half_width(700, 700 * variance, 0.05, 10_000)
    assert path.high[-1] - path.estimate[-1] == pytest.approx(half, rel=1e-9)


def test_nothing_is_said_before_there_is_enough() -> None:
    treated = np.arange(400) % 2 == 0
    assert np.isnan(
        sequence(treated[: 2 * BURN_IN - 1], np.arange(2 * BURN_IN - 1.0), alpha=0.05).estimate
    ).all()
    few = np.zeros(400)
    few[: 2 * (EVENTS - 1)] = 1
    assert np.isnan(sequence(treated, few, alpha=0.05, rate=True).estimate).all()
    constant = sequence(treated, np.ones(400), alpha=0.05)
    assert np.isnan(constant.estimate).all()
    assert (constant.p == 1).all()
    assert len(sequence(treated[:0], few[:0], alpha=0.05).p) == 0


def test_the_interval_is_narrowest_for_where_it_was_planned() -> None:
    def width(rows: int, planned: int) -> float:
        return half_width(rows, 1.0, 0.05, planned)

    for rows in (100, 1000, 10_000):
        assert width(rows, rows) < width(rows, rows * 4)
        assert width(rows, rows) < width(rows, rows // 4)


def test_an_allocation_is_judged_exactly_and_at_every_look() -> None:
    from scipy.stats import binomtest

    assert mismatch(520, 480) == pytest.approx(binomtest(480, 1000, 0.5).pvalue)
    assert mismatch(50_500, 49_500) < 0.01
    assert mismatch(9_000, 1_000, ratio=1 / 9) == pytest.approx(1.0)
    assert mismatch(0, 0) == 1.0
    assert mismatch(5_000, 4_500, sequential=True) < 0.001
    rng, found = np.random.default_rng(5), 0
    for _ in range(300):
        treated = np.cumsum(rng.random(1000) < 0.5)
        found += any(
            mismatch(n - int(treated[n - 1]), int(treated[n - 1]), sequential=True) <= 0.05
            for n in range(10, 1001, 10)
        )
    assert found / 300 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)
