"""What a sweep says of a scientific parameter: at equal effort, how sure, and whether it was fair."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from contracts.reported import run_of
from search.analysis.equal_effort import expected_bests, intervals
from search.analysis.importance import importance
from search.analysis.isolation import isolation
from search.history import History
from search.problem import Objective

NOTHING: Mapping[str, Any] = {"reason": "", "methods": []}
LR = {"min": 1e-4, "max": 1e-1, "log": True}
KINDS = {"values": ["a", "b", "c"], "role": "scientific"}
Curve = Callable[[Mapping[str, Any], int, int], "float | str"]


def bowl(worse: Mapping[str, float]) -> Curve:
    """A loss with its best at lr = 1e-2.5, worse by so much for a kind, and a little luck."""

    def curve(config: Mapping[str, Any], number: int, step: int) -> float:
        luck = 0.01 * float(np.random.default_rng(number).normal())
        return 0.05 + 0.2 * (math.log10(config["lr"]) + 2.5) ** 2 + worse.get(config["kind"], 0.0) + luck

    return curve


def played(
    curve: Curve,
    trials: int = 60,
    method: str = "random",
    parameters: Mapping[str, Any] | None = None,
    goal: Any = "minimize",
    metric: str = "loss",
) -> History:
    return run_of(
        curve,
        parameters=parameters or {"kind": KINDS, "lr": LR},
        trials=trials,
        objective=Objective(metric, goal),
        max_steps=1,
        scheduler="none",
        about={"settings": {"method": {"name": method}}},
    ).history


def one(history: History) -> dict[str, Any]:
    (found,) = isolation(history, NOTHING)["comparisons"]
    json.dumps(found, allow_nan=False)
    return found


def test_the_better_value_is_found_and_said_with_its_effort() -> None:
    history = played(bowl({"b": 0.2, "c": 0.2}), trials=90)
    found = one(history)
    assert found["verdict"] == "better"
    effort = min(group["counted"] for group in found["groups"])
    assert found["effort"] == effort
    assert found["says"].startswith(
        f"kind = a is better, by the expected best of {effort} trials each: {found['groups'][0]['expected']:.3g}"[
            :60
        ]
    )
    assert {(pair["a"], pair["b"]) for pair in found["pairs"]} == {(0, 1), (0, 2), (1, 2)}
    assert all(pair["difference"] < 0 and pair["adjusted"] <= 0.05 for pair in found["pairs"][:2])
    assert found["pairs"][2]["adjusted"] > 0.05
    for group, kind in zip(found["groups"], "abc", strict=True):
        scores = [t.best.score for t in history.trials if t.config["kind"] == kind and t.best]
        assert group["expected"] == pytest.approx(float(expected_bests(scores, [effort])[0]))
        assert group["best"] == min(scores)
        assert group["interval"] == pytest.approx(intervals(scores, [effort])[0].tolist())
        assert group["curve"]["effort"][0] == 2
        assert group["curve"]["effort"][-1] == group["counted"]
        assert group["curve"]["expected"] == sorted(group["curve"]["expected"], reverse=True)


def test_more_is_better_where_the_metric_is_maximized_and_a_share_ends_at_1() -> None:
    worse = bowl({"b": 0.2, "c": 0.2})

    def share(config: Mapping[str, Any], number: int, step: int) -> float:
        return 1.04 - float(worse(config, number, step))

    found = one(played(share, trials=90, goal="maximize", metric="val/accuracy"))
    assert found["verdict"] == "better"
    assert "kind = a is better" in found["says"]
    for group in found["groups"]:
        low, high = group["interval"]
        assert low <= group["expected"] <= high <= 1.0
        assert group["points"][0] == group["best"] == max(group["points"])
    free = one(played(share, trials=90, goal="maximize", metric="reward"))
    assert free["groups"][0]["interval"][1] > 1.0


def test_where_there_is_no_difference_none_is_claimed() -> None:
    found = one(played(bowl({})))
    assert found["verdict"] == "cannot tell"
    assert "No value of kind is better beyond chance" in found["says"]
    assert found["fairness"] == []


def test_one_that_is_worse_is_told_from_two_that_are_alike() -> None:
    found = one(played(bowl({"c": 0.4}), trials=120))
    assert found["verdict"] == "partly"
    assert "better than c" in found["says"]
    assert "cannot be told from" in found["says"]


def test_a_metric_at_its_ceiling_cannot_tell() -> None:
    found = one(played(lambda config, number, step: 1.0, goal="maximize"))
    assert found["verdict"] == "cannot tell"
    assert "reaches the same best, 1" in found["says"]


def test_few_trials_are_said_to_be_few() -> None:
    found = one(played(bowl({"b": 9}), trials=8))
    assert found["effort"] is None
    assert found["verdict"] == "cannot tell"
    assert "Too few trials to compare the values of kind" in found["says"]
    assert all(group["interval"] is None for group in found["groups"])


def test_unequal_effort_does_not_decide_and_is_said() -> None:
    """Nine in ten trials have a, whose best is therefore better, and which is no better at equal effort."""
    history = played(
        bowl({}), trials=100, parameters={"kind": {"values": ["a", "b"], "role": "scientific"}, "lr": LR}
    )
    for trial in history.trials:
        trial.config = {**trial.config, "kind": "a" if trial.number % 10 else "b"}
    found = one(history)
    assert found["effort"] == 10
    assert found["groups"][0]["best"] < found["groups"][0]["expected"]
    assert found["groups"][1]["best"] == found["groups"][1]["expected"]
    assert found["verdict"] == "cannot tell"
    (said,) = found["fairness"]
    assert said.startswith("Unequal effort: a had 90 trials, b 10. They are compared at 10 each")


@pytest.mark.parametrize("seed", range(3))
def test_what_a_method_has_learnt_does_not_pass_for_a_difference(seed: int) -> None:
    """All is better later, and b comes late: only trials of the same time are set against each other."""
    order = np.random.default_rng(seed)
    kinds = ["a" if order.random() < (0.85 if number < 40 else 0.2) else "b" for number in range(80)]
    parameters = {"kind": {"values": ["a", "b"], "role": "scientific"}, "lr": LR}

    def curve(config: Mapping[str, Any], number: int, step: int) -> float:
        return 1.0 - 0.01 * number + 0.05 * float(np.random.default_rng([seed, number]).normal())

    def history(method: str) -> History:
        run = run_of(
            curve,
            parameters=parameters,
            trials=80,
            objective=Objective("loss"),
            max_steps=1,
            scheduler="none",
            workers=1,
            about={"settings": {"method": method}},
        ).history
        for trial, kind in zip(run.trials, kinds, strict=True):
            trial.config = {**trial.config, "kind": kind}
        return run

    naive, fair = one(history("random")), one(history("tpe"))
    assert naive["verdict"] == "better"
    assert fair["verdict"] == "cannot tell"
    assert any("tpe learns as it goes" in text for text in fair["fairness"])


def test_on_a_grid_equal_settings_are_set_against_each_other() -> None:
    """b is a little worse everywhere: far less than the settings differ, and yet sure where they are the same."""
    lrs = [round(0.001 * 1.3**i, 6) for i in range(12)]
    parameters = {"kind": {"values": ["a", "b"], "role": "scientific"}, "lr": {"values": lrs}}
    run = run_of(
        lambda config, number, step: lrs.index(config["lr"]) + (0.3 if config["kind"] == "b" else 0.0),
        parameters=parameters,
        trials=24,
        objective=Objective("loss"),
        max_steps=1,
        scheduler="none",
        about={"settings": {"method": "grid"}},
    ).history
    every = [(kind, lr) for kind in "ab" for lr in lrs]
    for trial, (kind, lr) in zip(run.trials, every, strict=True):
        trial.config = {"kind": kind, "lr": lr}
        score = lrs.index(lr) + (0.3 if kind == "b" else 0.0)
        trial.best = type(trial.best)(1, {"loss": score}, score, 0.0)  # type: ignore[misc]
    (pair,) = one(run)["pairs"]
    assert pair["paired"]
    assert pair["p"] < 0.03


def test_failures_and_bounds_of_one_value_are_said() -> None:
    inner = bowl({})

    def curve(config: Mapping[str, Any], number: int, step: int) -> float | str:
        if config["kind"] == "b" and number % 3:
            return "out of memory"
        if config["kind"] == "c":
            return -math.log10(config["lr"])
        return inner(config, number, step)

    said = " ".join(one(played(curve, trials=90))["fairness"])
    assert "trials with b failed" in said
    assert "which flatters b" in said
    assert "With c the best trials lie at the upper bound of lr (0.1), with the others not" in said


def test_a_conditional_parameter_is_compared_where_it_takes_part() -> None:
    parameters = {
        "kind": {"values": ["a", "b"], "role": "nuisance"},
        "power": {"values": [1, 2], "when": {"kind": "b"}, "role": "scientific"},
        "lr": LR,
    }
    history = played(lambda c, n, s: float(c.get("power", 0)) + c["lr"], parameters=parameters)
    found = one(history)
    active = sum("power" in trial.config for trial in history.trials)
    assert found["trials"] == active < 60
    assert found["verdict"] == "better"
    assert f"Only the {active} trials in which power takes part are compared." in found["fairness"]


def test_two_scientific_parameters_are_compared_alone_and_together() -> None:
    parameters = {
        "kind": {"values": ["a", "b"], "role": "scientific"},
        "size": {"values": ["small", "large"], "role": "scientific"},
        "lr": LR,
    }

    def curve(config: Mapping[str, Any], number: int, step: int) -> float:
        good = (config["kind"], config["size"]) == ("b", "large")
        return float(bowl({})(config, number, step)) + (0.0 if good else 0.5)

    found = isolation(played(curve, trials=120, parameters=parameters), NOTHING)
    assert [each["parameters"] for each in found["comparisons"]] == [["kind"], ["size"], ["kind", "size"]]
    both = found["comparisons"][2]
    assert [group["parts"] for group in both["groups"]] == [
        ["a", "small"],
        ["a", "large"],
        ["b", "small"],
        ["b", "large"],
    ]
    assert both["verdict"] == "better"
    assert both["says"].startswith("kind and size = b · large is better")


def test_roles_are_complete_once_one_is_given() -> None:
    parameters = {"kind": KINDS, "lr": LR, "epochs": 20}
    found = isolation(played(bowl({}), parameters=parameters), NOTHING)
    assert found["given"]
    assert found["roles"] == {"scientific": ["kind"], "nuisance": ["lr"], "fixed": ["epochs"]}
    assert "epochs = 20" in found["held"]


def test_without_a_scientific_one_nothing_is_compared() -> None:
    parameters = {"kind": {"values": ["a", "b"]}, "lr": {**LR, "role": "nuisance"}}
    found = isolation(played(bowl({}), parameters=parameters), NOTHING)
    assert found["reason"] == "No parameter has the role scientific, so nothing is compared."
    assert found["comparisons"] == []


def test_without_roles_the_most_important_parameters_are_shown_and_it_is_said() -> None:
    parameters = {"kind": {"values": ["a", "b", "c"]}, "lr": LR, "idle": {"min": 0.0, "max": 1.0}}
    history = played(bowl({"b": 0.5, "c": 0.5}), parameters=parameters)
    found = isolation(history, importance(history))
    assert not found["given"]
    assert "No roles were given" in found["note"]
    assert "Shown are the most important parameters" in found["note"]
    assert (
        {"kind"}
        <= {name for each in found["comparisons"] for name in each["parameters"]}
        <= {"kind", "lr", "idle"}
    )


def test_where_importance_is_refused_nothing_is_suggested() -> None:
    parameters = {"kind": {"values": ["a", "b", "c"]}, "lr": LR}
    history = played(bowl({}), parameters=parameters, trials=6)
    found = isolation(history, importance(history))
    assert found["comparisons"] == []
    assert "No roles were given" in found["reason"]
    assert "Too few trials" in found["reason"]


def test_a_sweep_without_a_trial_has_nothing_to_compare() -> None:
    history = played(bowl({}), trials=1)
    history.trials.clear()
    found = isolation(history, NOTHING)
    assert found["comparisons"] == []


def test_too_many_combinations_are_said_and_left_out() -> None:
    parameters = {
        "kind": {"values": list("abcdef"), "role": "scientific"},
        "size": {"values": [1, 2, 3, 4], "role": "scientific"},
        "lr": LR,
    }
    found = isolation(played(bowl({}), trials=120, parameters=parameters), NOTHING)
    assert [each["parameters"] for each in found["comparisons"]] == [["kind"], ["size"]]
    assert found["note"].startswith("The combinations of kind and size are more than 16")
