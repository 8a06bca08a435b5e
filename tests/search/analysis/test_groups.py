from __future__ import annotations

from typing import Any

import pytest

from contracts.reported import run_of
from search.analysis.axes import axes_of
from search.analysis.groups import groups_of
from search.history import History
from search.problem import Objective


def played(parameters: dict[str, Any], trials: int = 48, curve: Any = None) -> History:
    return run_of(
        curve or (lambda config, number, step: float(number)),
        parameters=parameters,
        trials=trials,
        objective=Objective("loss"),
        max_steps=1,
        scheduler="none",
    ).history


def labels(history: History, *names: str) -> list[str]:
    axes = {axis.name: axis for axis in axes_of(history)}
    return [group.label for group in groups_of(history, [axes[name] for name in names])]


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ({"values": ["b", "a", True]}, ["b", "a", "true"]),
        ({"min": 1, "max": 4}, ["1", "2", "3", "4"]),
        ({"min": 0, "max": 100}, ["0 to 25", "25 to 50", "50 to 75", "75 to 100"]),
        (
            {"min": 1e-4, "max": 1.0, "log": True},
            ["0.0001 to 0.001", "0.001 to 0.01", "0.01 to 0.1", "0.1 to 1"],
        ),
        ({"min": 3.0, "max": 3.0}, ["3"]),
    ],
)
def test_choices_are_groups_and_ranges_are_cut_on_their_own_scale(
    domain: dict[str, Any], expected: list[str]
) -> None:
    history = played({"x": domain, "other": {"min": 0.0, "max": 1.0}})
    assert labels(history, "x") == expected


def test_every_trial_is_in_one_group_and_few_trials_make_few_parts() -> None:
    history = played({"x": {"min": -1.0, "max": 1.0}}, trials=9)
    groups = groups_of(history, axes_of(history))
    assert [group.label for group in groups] == ["−1 to 0", "0 to 1"]
    assert sorted(trial.number for group in groups for trial in group.trials) == list(range(9))
    for group, side in zip(groups, (-1, 1), strict=True):
        assert all(side * trial.config["x"] >= 0 for trial in group.trials)


def test_a_choice_without_a_trial_is_there_and_failed_trials_count_as_trials() -> None:
    def curve(config: Any, number: int, step: int) -> float | str:
        return "broken" if config["kind"] == "b" and number % 2 else float(number)

    history = played({"kind": {"values": list("abcdefghijkl")}}, trials=12, curve=curve)
    groups = groups_of(history, axes_of(history))
    assert [group.label for group in groups] == list("abcdefghijkl")
    assert any(not group.trials for group in groups)
    for group in groups:
        assert len(group.trials) == len(group.scores) + group.failed
        assert group.failed == sum(t.number % 2 for t in group.trials if t.config["kind"] == "b")


def test_trials_without_the_parameter_are_in_no_group() -> None:
    history = played(
        {
            "kind": {"values": ["a", "b"]},
            "power": {"values": [1, 2], "when": {"kind": "b"}},
        }
    )
    axes = {axis.name: axis for axis in axes_of(history)}
    found = [trial for group in groups_of(history, [axes["power"]]) for trial in group.trials]
    assert {trial.config["kind"] for trial in found} == {"b"}
    assert labels(history, "kind", "power") == ["b · 1", "b · 2"]
