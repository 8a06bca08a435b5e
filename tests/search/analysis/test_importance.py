from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import optuna
import pytest

from contracts.reported import run_of
from search.analysis import importance
from search.analysis.importance import FANOVA_TRIALS, trials_needed
from search.problem import Objective

LOSS = Objective("loss", "minimize")
THREE = {
    "lr": {"min": 1e-6, "max": 1.0, "distribution": "log_uniform_values"},
    "a": {"min": 0.0, "max": 1.0},
    "kind": {"values": ["x", "y"]},
}


def by_lr(config: Mapping[str, Any], number: int, step: int) -> float:
    return (math.log10(config["lr"]) + 3) ** 2 + 0.1 * config["a"] + 0.01 * (config["kind"] == "x")


def shares(result: dict[str, Any], method: str) -> dict[str, float]:
    (found,) = [each for each in result["methods"] if each["name"] == method]
    return {share["parameter"]: share["share"] for share in found["shares"]}


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_both_methods_find_the_parameter_that_decides(goal: Any) -> None:
    sign = -1 if goal == "maximize" else 1
    run = run_of(
        lambda *args: sign * by_lr(*args),
        parameters=THREE,
        objective=Objective("m", goal),
        trials=120,
        max_steps=1,
    )
    result = importance(run.history)
    assert result["reason"] is None
    for method in ("PED-ANOVA", "fANOVA"):
        found = shares(result, method)
        assert next(iter(found)) == "lr"
        assert found["lr"] > 0.8
        assert math.isclose(sum(found.values()), 1.0)


def test_a_log_scale_is_judged_on_its_own_scale() -> None:
    """All of the effect lies below 1e-3: a thousandth of the range in plain values, half of it in decades."""
    run = run_of(
        lambda config, number, step: float(config["lr"] < 1e-3) + 0.3 * config["a"],
        parameters=THREE,
        objective=LOSS,
        trials=120,
        max_steps=1,
    )
    assert shares(importance(run.history), "fANOVA")["lr"] > 0.7


def test_too_few_trials_are_refused_with_the_rule() -> None:
    run = run_of(by_lr, parameters=THREE, objective=LOSS, trials=19, max_steps=1)
    result = importance(run.history)
    assert result["methods"] == []
    assert result["needed"] == trials_needed(3) == 20
    assert "19" in result["reason"]
    assert "5 for each of the 3" in result["reason"]


def test_equal_values_and_constant_spaces_are_refused() -> None:
    flat = run_of(lambda *_: 1.0, parameters=THREE, objective=LOSS, trials=30, max_steps=1)
    assert "same value" in importance(flat.history)["reason"]
    fixed = run_of(lambda *_: 1.0, parameters={"a": 3}, objective=LOSS, trials=3, max_steps=1)
    assert "No parameter was searched" in importance(fixed.history)["reason"]


def test_conditional_parameters_are_named_where_they_are_left_out() -> None:
    result = importance(run_of(trials=60).history)
    (ped, fanova) = result["methods"]
    assert [left["parameter"] for left in fanova["left_out"]] == ["momentum"]
    active = sum("momentum" in trial.config for trial in run_of(trials=60).history.trials)
    assert (active >= result["needed"]) == ("momentum" in shares(result, ped["name"]))


def test_fanova_takes_a_bounded_number_of_trials() -> None:
    run = run_of(by_lr, parameters=THREE, objective=LOSS, trials=FANOVA_TRIALS + 60, max_steps=1)
    ped, fanova = importance(run.history)["methods"]
    assert (ped["trials"], fanova["trials"]) == (FANOVA_TRIALS + 60, FANOVA_TRIALS)


def test_the_same_history_gives_the_same_shares_and_optuna_is_left_as_it_was() -> None:
    optuna.logging.set_verbosity(optuna.logging.INFO)
    run = run_of(by_lr, parameters=THREE, objective=LOSS, trials=40, max_steps=1)
    assert importance(run.history) == importance(run.history)
    assert optuna.logging.get_verbosity() == optuna.logging.INFO


def test_every_share_lies_in_its_interval_and_more_trials_narrow_it() -> None:
    widths = {}
    for trials in (40, 400):
        run = run_of(by_lr, parameters=THREE, objective=LOSS, trials=trials, max_steps=1)
        ped, fanova = importance(run.history)["methods"]
        assert ped["resamples"] == 200
        assert 8 <= fanova["resamples"] <= 12
        for share in [*ped["shares"], *fanova["shares"]]:
            low, high = share["interval"]
            assert 0 <= low <= share["share"] <= high <= 1
        widths[trials] = sum(share["interval"][1] - share["interval"][0] for share in ped["shares"])
    assert widths[400] < widths[40]


def test_parameters_that_are_not_always_active_are_told_apart() -> None:
    assert importance(run_of(trials=60).history)["conditional"] == ["momentum"]


def test_trials_that_came_apart_leave_shares_and_not_an_error() -> None:
    def bursting(config: Mapping[str, Any], number: int, step: int) -> float:
        return 1e300 * (1 + config["a"]) if config["lr"] > 0.5 else by_lr(config, number, step)

    parameters = {**THREE, "lr": {"min": 0.01, "max": 1.0}}
    run = run_of(bursting, parameters=parameters, objective=LOSS, trials=60, max_steps=1)
    assert next(iter(shares(importance(run.history), "fANOVA"))) == "lr"
