"""Axes, slices, parallel coordinates and thinning: configs land where they belong."""

from __future__ import annotations

import math

import pytest

from contracts.reported import run_of
from search.analysis import parallel_coordinates, slices
from search.analysis.axes import axes_of, spelled
from search.analysis.failures import cause_of
from search.analysis.thinning import evenly, head_and_even


def test_axes_keep_the_scale_of_their_parameter() -> None:
    axes = {axis.name: axis for axis in axes_of(run_of(trials=2).history)}
    assert list(axes) == ["lr", "batch_size", "model.width", "model.dropout", "optimizer", "momentum"]
    assert (axes["lr"].scale, axes["lr"].low, axes["lr"].high) == ("log", 1e-5, 1e-1)
    assert axes["batch_size"].choices == ("32", "64", "128")
    assert axes["momentum"].conditional
    assert not axes["optimizer"].conditional
    assert axes["optimizer"].place({"optimizer": "adam"}) == 1.0
    assert axes["momentum"].place({"optimizer": "adam"}) is None


def test_choices_that_python_takes_for_equal_stay_apart() -> None:
    assert len({spelled(value) for value in (True, 1, 1.0, None, [1, 2])}) == 5


def test_the_envelope_is_the_best_of_each_cell() -> None:
    history = run_of(trials=60).history
    for each in slices(history)["parameters"]:
        envelope, points = each["envelope"], each["points"]
        for low, high, value, trials in zip(
            *(envelope[k] for k in ("low", "high", "value", "trials")), strict=True
        ):
            inside = [
                v
                for place, v in zip(points["place"], points["value"], strict=True)
                if low <= place < high or (math.isclose(high, each["high"]) and place == each["high"])
            ]
            assert len(inside) == trials
            assert max(inside) == value
        assert sum(envelope["trials"]) == len(points["value"])


def test_parallel_coordinates_have_a_place_per_trial_and_axis() -> None:
    result = parallel_coordinates(run_of(trials=60).history, trials=20)
    assert len(result["trials"]) == len(result["values"]) == 20 < result["total"]
    assert result["values"] == sorted(result["values"], reverse=True)
    assert all(len(axis["places"]) == 20 for axis in result["axes"])


@pytest.mark.parametrize("n", [0, 1, 2, 7, 100, 1001])
@pytest.mark.parametrize("limit", [1, 2, 10, 100])
def test_thinning_keeps_order_bounds_and_ends(n: int, limit: int) -> None:
    for kept in (evenly(n, limit), head_and_even(n, limit, head=limit // 2)):
        assert kept == sorted(set(kept))
        assert len(kept) <= limit
        assert all(0 <= index < n for index in kept)
        if n:
            assert kept[-1] == n - 1
    assert head_and_even(n, limit, head=limit // 2)[: limit // 2] == list(range(min(n, limit // 2)))


def test_causes_forget_what_differs_from_case_to_case() -> None:
    assert cause_of("step 3: val/loss is nan") == cause_of("step 12: val/loss is nan")
    assert cause_of("at 0x7f3a12") == cause_of("at 0x99")
    assert cause_of("layer conv2 failed") != cause_of("layer conv3 failed")
