"""Forecasts: what a window holds, which targets are whose, and gaps."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.records import place, prepared, series
from trainables.data import Records, read_section
from trainables.data.prepare import prepare
from trainables.data.windows import Windows, window_starts
from trainables.errors import DataError


def line(steps: int = 50, **columns: Any) -> Records:
    frame = pd.DataFrame({"x": np.arange(steps, dtype=float), **columns})
    return Records("line", "series", place, "", frame=frame, target="x", task="forecasting")


@pytest.mark.parametrize("horizon", [1, 3])
def test_a_window_is_what_precedes_its_targets(horizon: int) -> None:
    found = prepared(line(), "sequences", scaling="none", features__horizon=horizon).dataset
    assert (found.task, found.outputs, found.shape) == ("forecasting", horizon, (6, 1))
    for x, y, rows in (
        (found.train_x, found.train_y, found.train_rows),
        (found.valid_x, found.valid_y, found.valid_rows),
    ):
        np.testing.assert_array_equal(x[:, -1, 0] + 1, y.reshape(len(y), -1)[:, 0])
        np.testing.assert_array_equal(x[:, :, 0], rows[:, None] + np.arange(-6, 0))
        np.testing.assert_array_equal(y.reshape(len(y), -1), rows[:, None] + np.arange(horizon))
    # parts of 30, 10 and 10 steps: the first window is 6 long, and targets stay in their part
    np.testing.assert_array_equal(found.train_rows, np.arange(6, 31 - horizon))
    np.testing.assert_array_equal(found.valid_rows, np.arange(30, 41 - horizon))
    assert found.train_x.dtype == np.float32
    assert found.train_y.dtype == np.float64


def test_a_target_that_is_missing_is_never_made_up() -> None:
    records = line()
    assert records.frame is not None
    frame = records.frame.copy()
    frame.loc[[10, 35], "x"] = np.nan
    found = prepared(dataclasses.replace(records, frame=frame), "sequences", scaling="none").dataset
    assert 10 not in found.train_rows
    assert 35 not in found.valid_rows
    assert [repair.count for repair in found.repairs] == [1]
    window = found.train_x[list(found.train_rows).index(12), :, 0]
    np.testing.assert_array_equal(
        window, [6, 7, 8, 9, 9, 11]
    )  # the last known value, not the line to the next
    dropped = prepared(
        dataclasses.replace(records, frame=frame), "sequences", cleaning__missing="drop"
    ).dataset
    assert not set(range(10, 17)) & set(dropped.train_rows)
    np.testing.assert_array_equal(dropped.valid_rows, found.valid_rows)


def test_features_are_the_values_of_the_window_by_name() -> None:
    found = prepared(line(wind=np.arange(50) % 7), scaling="none").dataset
    assert found.names[:3] == ("x[-6]", "wind[-6]", "x[-5]")
    np.testing.assert_array_equal(found.train_x[0], np.column_stack([np.arange(6), np.arange(6)]).ravel())
    assert found.train_x.dtype == np.float64


def test_channels_are_scaled_by_the_training_steps() -> None:
    found = prepared(line(), "sequences", scaling="minmax").dataset
    assert found.train_x.min() == 0
    np.testing.assert_allclose(found.valid_x[-1, -1, 0], 38 / 29, rtol=1e-6)


def test_folds_of_a_series_are_a_chain() -> None:
    seen: set[int] = set()
    for fold in range(3):
        found = prepared(line(100), "sequences", split__folds=3, split__fold=fold).dataset
        assert found.train_rows.max() < found.valid_rows.min()
        assert not seen & set(found.valid_rows)
        seen |= set(found.valid_rows)
    assert seen == set(range(20, 80))


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"features__window": 40}, "40 values back and 1 ahead leave no forecast in the 30 training steps"),
        ({"features__horizon": 20}, "20 values ahead leave no forecast in the 10 validation steps"),
        ({"task": "regression"}, "it can be forecast, not regression"),
    ],
)
def test_too_little_to_forecast(options: dict[str, Any], rule: str) -> None:
    with pytest.raises(DataError, match=rule):
        prepared(line(), "sequences", **options)


def test_later_steps_are_forecast_from_their_past() -> None:
    records = series()
    section = read_section({"source": "drawn", "features.window": 6})
    for view in ("sequences", "features"):
        found = prepare(records, section, view)  # type: ignore[arg-type]
        assert records.frame is not None
        end = int(found.split.valid[-1]) + 1
        everything = found.preparation.transform(records.frame.iloc[:end])
        assert len(everything) == end - 6 + 1
        np.testing.assert_array_equal(everything[found.dataset.valid_rows - 6], found.dataset.valid_x)
        with pytest.raises(DataError, match=r"looks at 6 steps .* there are 3"):
            found.preparation.transform(records.frame.iloc[:3])


@settings(max_examples=100, deadline=None)
@given(
    steps=st.integers(1, 40),
    first=st.integers(0, 40),
    size=st.integers(0, 40),
    window=st.integers(1, 9),
    horizon=st.integers(1, 5),
)
def test_all_targets_lie_in_the_part(steps: int, first: int, size: int, window: int, horizon: int) -> None:
    part = np.arange(min(first, steps), min(first + size, steps))
    starts, lost = window_starts(np.zeros(steps), part, window, horizon)
    assert lost == 0
    expected = [t for t in part if t >= window and t + horizon - 1 <= part[-1]]
    np.testing.assert_array_equal(starts, expected)


@pytest.mark.parametrize("kind", ["moving_average", "median", "exponential"])
def test_a_forecast_from_the_last_steps_alone_is_that_from_all(kind: str) -> None:
    """Smoothing looks back beyond the window: with fewer steps its first ones would not be those of training."""
    records = series()
    section = read_section(
        {"source": "drawn", "features.window": 6, "cleaning.smoothing": kind, "cleaning.smoothing_window": 4}
    )
    found = prepare(records, section, "sequences").preparation
    assert records.frame is not None
    everything = found.transform(records.frame)
    assert isinstance(found, Windows)
    last = found.transform(records.frame.tail(found.window))
    assert len(last) == 1
    np.testing.assert_allclose(last[0], everything[-1], atol=2e-3)
