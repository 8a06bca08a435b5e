from __future__ import annotations

from typing import Any

import pytest

from contracts.reported import run_of
from search.analysis.axes import axes_of
from search.analysis.fair_comparison import exchanges, fairness, method_of
from search.analysis.groups import Group, groups_of
from search.history import History
from search.problem import Objective


def played(
    method: Any, parameters: dict[str, Any] | None = None, steps: int = 1, curve: Any = None
) -> History:
    return run_of(
        curve or (lambda config, number, step: float(number)),
        parameters=parameters or {"kind": {"values": ["a", "b"]}, "lr": {"min": 0.1, "max": 1.0}},
        trials=40,
        objective=Objective("loss"),
        max_steps=steps,
        scheduler="none" if steps == 1 else "asha",
        about={"settings": {"method": method}} if method else {},
    ).history


def by_kind(history: History) -> list[Group]:
    return groups_of(history, [axis for axis in axes_of(history) if axis.name == "kind"])


@pytest.mark.parametrize("method", ["random", {"name": "sobol"}, "grid"])
def test_all_trials_may_be_exchanged_where_nothing_is_learnt(method: Any) -> None:
    history = played(method)
    first, second = by_kind(history)
    (way,), paired = exchanges(history, first, second, ["kind"])
    assert not paired
    assert (way.first, way.second) == (len(first.counted), len(second.counted))
    assert set(way.blocks) == {0}


@pytest.mark.parametrize("method", ["tpe", {"name": "gp"}, None])
def test_a_method_that_learns_or_is_not_known_exchanges_trials_of_the_same_time(method: Any) -> None:
    history = played(method)
    first, second = by_kind(history)
    (at_once, even), paired = exchanges(history, first, second, ["kind"])
    assert not paired
    numbers = [trial.number for trial in (*first.counted, *second.counted)]
    for block in set(at_once.blocks):
        inside = sorted(n for n, b in zip(numbers, at_once.blocks, strict=True) if b == block)
        assert inside == list(range(inside[0], inside[0] + len(inside)))
        assert len(inside) <= 4
    assert even.first == even.second == min(len(first.counted), len(second.counted))


def test_trials_with_equal_settings_of_the_rest_are_paired() -> None:
    history = played("tpe", {"kind": {"values": ["a", "b"]}, "lr": {"values": [1, 2, 3, 4, 5, 6, 7, 8]}})
    first, second = by_kind(history)
    (way,), paired = exchanges(history, first, second, ["kind"])
    assert paired
    rates = [trial.config["lr"] for trial in (*first.counted, *second.counted)]
    assert len(set(zip(rates, way.blocks, strict=True))) == len(set(rates)) == len(set(way.blocks))


def test_the_method_is_read_however_it_was_written() -> None:
    assert method_of(played("tpe")) == method_of(played({"name": "tpe", "startup": 5})) == "tpe"
    assert method_of(played(None)) == ""


def test_trials_of_other_length_are_said() -> None:
    def curve(config: Any, number: int, step: int) -> float:
        return (0.0 if config["kind"] == "a" else 5.0) + config["lr"]

    history = played("random", steps=27, curve=curve)
    groups = by_kind(history)
    axis = [axis for axis in axes_of(history) if axis.name == "kind"]
    assert any(text.startswith("Trials were not equally long:") for text in fairness(history, groups, axis))


def test_a_bound_that_nothing_lies_beyond_is_not_held_against_a_value() -> None:
    def curve(config: Any, number: int, step: int) -> float:
        return float(config["rate"] if config["kind"] == "a" else abs(config["rate"] - 0.5))

    history = played(
        "random", {"kind": {"values": ["a", "b"]}, "rate": {"min": 0.0, "max": 1.0}}, curve=curve
    )
    axis = [axis for axis in axes_of(history) if axis.name == "kind"]
    assert fairness(history, by_kind(history), axis) == []
