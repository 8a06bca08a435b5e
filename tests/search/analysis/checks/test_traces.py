"""Curves are read with their gaps, pairs of losses by their names; the tests of trend agree with those of scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from contracts.traced import traced
from search.analysis.checks.traces import (
    falling,
    loss_pair,
    noise,
    noise_near,
    objective_of,
    smooth,
    trace_of,
)
from search.problem import Objective


def test_a_gap_is_left_out_and_the_others_keep_their_step() -> None:
    def curve(number: int, step: int) -> dict[str, float]:
        more = {"train/loss": [1.0, math.nan, 0.5, math.inf][step - 1]}
        return {"loss": 2.0 - step} | (more if step != 1 else {})

    trial = traced(curve, trials=1, steps=4, objective=Objective("loss")).trials[0]
    trace = trace_of(trial, "train/loss")
    assert trace.steps.tolist() == [3]
    assert trace.values.tolist() == [0.5]
    assert len(trace_of(trial, "never")) == 0
    assert objective_of(trial).values.tolist() == [1.0, 0.0, -1.0, -2.0]


@pytest.mark.parametrize(
    ("metrics", "objective", "pair"),
    [
        (("train/loss", "val/loss", "val/accuracy"), "val/accuracy", ("train/loss", "val/loss")),
        (("train_rmse", "valid_rmse"), "valid_rmse", ("train_rmse", "valid_rmse")),
        (("training.loss", "validation.loss"), "validation.loss", ("training.loss", "validation.loss")),
        (("train/mse", "val/mse", "train/loss", "val/loss"), "val/mse", ("train/loss", "val/loss")),
        (("train/badness", "val/badness"), "val/badness", ("train/badness", "val/badness")),
        (("train/accuracy", "val/accuracy"), "val/accuracy", None),
        (("loss",), "loss", None),
        (("train/loss", "val/accuracy"), "val/accuracy", None),
    ],
)
def test_a_pair_is_told_by_its_names(
    metrics: tuple[str, ...], objective: str, pair: tuple[str, str] | None
) -> None:
    goal = "maximize" if "accuracy" in objective else "minimize"
    history = traced(
        lambda *_: dict.fromkeys(metrics, 1.0), trials=1, steps=1, objective=Objective(objective, goal)
    )
    found = loss_pair(history, history.trials)
    assert (found and (found.train, found.valid)) == pair


@pytest.mark.parametrize("count", [5, 9, 40, 60])
def test_the_trend_test_is_that_of_kendall_against_time(count: int) -> None:
    rng = np.random.default_rng(count)
    for slope in (0.0, -0.05, 0.05):
        values = slope * np.arange(count) + rng.standard_normal(count)
        method = "exact" if count <= 40 else "asymptotic"
        expected = stats.kendalltau(np.arange(count), values, alternative="less", method=method).pvalue
        assert falling(values) == pytest.approx(expected, abs=1e-9 if count <= 40 else 0.01)


def test_a_constant_does_not_fall_and_two_values_say_nothing() -> None:
    assert falling(np.ones(9)) > 0.4
    assert falling(np.array([2.0, 1.0])) == 1.0


def test_noise_is_measured_around_a_bend_and_a_slope() -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(200)
    found = noise(3 * np.exp(-steps / 20) - 0.01 * steps + 0.1 * rng.standard_normal(200))
    assert found == pytest.approx(0.1, rel=0.2)
    assert math.isnan(noise(np.ones(5)))


def test_noise_that_dies_down_is_measured_where_it_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal(60) * np.where(np.arange(60) < 30, 0.1, 0.001)
    assert noise(values) < 0.002
    assert noise_near(values, 10) == pytest.approx(0.1, rel=0.5)
    assert noise_near(values, 59) < 0.002
    assert noise_near(np.arange(6.0), 0) == 0.0


def test_running_medians_ignore_a_spike() -> None:
    assert smooth(np.array([3.0, 2.0, 99.0, 1.0, 0.0]), 3).tolist() == [2.5, 3.0, 2.0, 1.0, 0.5]
