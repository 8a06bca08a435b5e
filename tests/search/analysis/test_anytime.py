from __future__ import annotations

import pytest

from contracts.reported import run_of
from search.analysis.anytime import anytime, value_at
from search.problem import Objective

CURVE = {"steps": [2, 5], "seconds": [1.0, 3.0], "trial": [1, 2], "value": [10.0, 4.0]}


@pytest.mark.parametrize(("spent", "value"), [(1, None), (2, 10.0), (4.9, 10.0), (5, 4.0), (99, 4.0)])
def test_the_value_at_a_spending_is_the_last_improvement_before_it(spent: float, value: float | None) -> None:
    assert value_at(CURVE, "steps", spent) == value


def staircase(values: list[float]):  # type: ignore[no-untyped-def]
    return lambda config, number, step: values[number]


def in_order(name: str, values: list[float]):  # type: ignore[no-untyped-def]
    """A run of trials of one step on one worker: trial number n ends after n + 1 steps."""
    objective = Objective("loss", "minimize")
    return run_of(
        staircase(values),
        name=name,
        trials=len(values),
        max_steps=1,
        scheduler="none",
        workers=1,
        objective=objective,
    )


def test_matched_budgets_end_where_the_shortest_run_ends() -> None:
    runs = [in_order("long", [9.0, 5.0, 5.0, 1.0, 0.0]), in_order("short", [6.0, 7.0, 2.0, 3.0])]
    found = anytime([run.history for run in runs])
    steps = found["matched"]["steps"]
    assert steps["budget"] == 4
    assert steps["rows"][0] == {"at": 1, "best": [9.0, 6.0]}
    assert steps["rows"][-1] == {"at": 4, "best": [1.0, 2.0]}
    assert found["curves"][0]["end"] == {"steps": 5, "seconds": 5.0, "trial": 5}


def test_the_mean_is_the_area_under_the_curve() -> None:
    runs = [in_order("a", [9.0, 5.0, 5.0, 1.0]), in_order("b", [6.0, 7.0, 2.0, 3.0])]
    mean = anytime([run.history for run in runs])["matched"]["steps"]["mean"]
    # best so far holds from the step of an improvement; before the first value that value counts
    assert mean[0] == pytest.approx((2 * 9.0 + 2 * 5.0) / 4)
    assert mean[1] == pytest.approx((3 * 6.0 + 1 * 2.0) / 4)


def test_a_run_without_a_value_has_neither_rows_nor_mean() -> None:
    nothing = run_of(lambda *_: "boom", trials=2, objective=Objective("loss", "minimize"))
    found = anytime([in_order("a", [1.0, 2.0]).history, nothing.history])
    assert found["matched"]["steps"]["budget"] == 0
    assert found["matched"]["steps"]["rows"] == []
    assert found["matched"]["steps"]["mean"] == [None, None]
