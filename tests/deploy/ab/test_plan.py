"""Plans: sizes against an independent library and by simulation; what is no plan is refused."""

from __future__ import annotations

import numpy as np
import pytest

from deploy.ab import Plan, plan_means, plan_rates
from deploy.ab.fixed import rates, welch
from deploy.errors import DeployError


@pytest.mark.parametrize("base", [0.02, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("effect", [0.01, -0.015, 0.05])
@pytest.mark.parametrize("ratio", [1.0, 3.0])
def test_rates_as_statsmodels(base: float, effect: float, ratio: float) -> None:
    reason = "statsmodels is the independent count; pip install statsmodels"
    power = pytest.importorskip("statsmodels.stats.proportion", reason=reason)
    plan = plan_rates(base, effect, ratio=ratio)
    smaller = plan.treatment - ratio  # theirs takes the rows of the sample whose rate is base + effect
    reached = [
        power.power_proportions_2indep(effect, base, rows, ratio=1 / ratio, return_results=False)
        for rows in (plan.treatment, smaller)
    ]
    assert reached[1] - 0.002 < 0.8 <= reached[0] + 1e-9


@pytest.mark.parametrize("effect", [1.0, 0.5, -0.2, 0.03])
@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_means_as_statsmodels(effect: float, ratio: float) -> None:
    reason = "statsmodels is the independent count; pip install statsmodels"
    power = pytest.importorskip("statsmodels.stats.power", reason=reason)
    theirs = power.TTestIndPower().solve_power(abs(effect), alpha=0.05, power=0.9, ratio=ratio)
    assert abs(plan_means(1.0, effect, power=0.9, ratio=ratio).control - theirs) <= 1.5


def test_the_planned_rows_have_the_planned_power() -> None:
    rng = np.random.default_rng(0)
    plan = plan_rates(0.2, 0.08)
    found = [
        rates((int(x), plan.control), (int(y), plan.treatment)).p <= plan.alpha
        for x, y in zip(
            rng.binomial(plan.control, 0.2, 1000), rng.binomial(plan.treatment, 0.28, 1000), strict=True
        )
    ]
    assert abs(np.mean(found) - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 1000)
    plan = plan_means(3.0, 1.5)
    drawn = [
        welch(rng.normal(0, 3, plan.control), rng.normal(1.5, 3, plan.treatment)).p <= plan.alpha
        for _ in range(1000)
    ]
    assert abs(np.mean(drawn) - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 1000)


def test_the_price_of_looking_often_is_at_most_about_twice_the_rows() -> None:
    for fixed, often in (
        (plan_rates(0.1, 0.02), plan_rates(0.1, 0.02, method="sequential")),
        (plan_means(1, 0.1), plan_means(1, 0.1, method="sequential")),
        (plan_rates(0.1, 0.02, ratio=4), plan_rates(0.1, 0.02, ratio=4, method="sequential")),
    ):
        assert fixed.rows < often.rows < 2.1 * fixed.rows
        assert often.planned == fixed.rows
        assert "Look once" in fixed.rule
        assert str(often.control) in often.rule


def test_a_smaller_effect_or_a_rarer_error_takes_more_rows() -> None:
    sizes = [plan_rates(0.1, effect).rows for effect in (0.08, 0.04, 0.02, 0.01)]
    assert sizes == sorted(sizes)
    assert plan_rates(0.1, 0.02, alpha=0.01).rows > plan_rates(0.1, 0.02).rows
    assert plan_rates(0.1, 0.02, power=0.95).rows > plan_rates(0.1, 0.02).rows


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"base": 10.0, "effect": 2.0}, "--rate 0.10"),
        ({"base": 0.99, "effect": 0.02}, "between 0 and 1"),
        ({"base": 0.1, "effect": 0.0}, "--effect"),
        ({"base": 0.1, "effect": float("nan")}, "--effect"),
        ({"base": 0.1, "effect": 0.01, "alpha": 0.0}, "--alpha"),
        ({"base": 0.1, "effect": 0.01, "power": 1.0}, "--power"),
        ({"base": 0.1, "effect": 0.01, "power": 0.04}, "--power"),
        ({"base": 0.1, "effect": 0.01, "ratio": 0.0}, "--ratio"),
        ({"base": 0.1, "effect": 1e-8}, "larger one"),
    ],
)
def test_what_cannot_be_planned_is_refused(arguments: dict[str, float], rule: str) -> None:
    with pytest.raises(DeployError, match=rule):
        plan_rates(**arguments)


def test_a_deviation_has_to_be_positive() -> None:
    for wrong in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(DeployError, match="--deviation"):
            plan_means(wrong, 1.0)


def test_a_plan_goes_to_a_file_and_back() -> None:
    plan = plan_rates(0.1, 0.02, method="sequential")
    assert Plan.from_json(plan.to_json()) == plan
    for change in (
        {"alpha": 2},
        {"kind": "odd"},
        {"control": 0},
        {"more": 1},
        {"base": "x"},
        {"control": 1.5},
    ):
        with pytest.raises(DeployError, match="this is no plan"):
            Plan.from_json({**plan.to_json(), **change})
