"""Cleaning: each way to fill, to treat outliers and to smooth, by numbers one can follow."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import IsolationForest

from contracts.records import prepared, table, traces
from trainables.data import Section, read_section
from trainables.data.cleaning import Filler, Outliers, fill_forward, repeated_rows, smooth
from trainables.errors import DataError

NAN = np.nan


def section(**options: Any) -> Section:
    return read_section(
        {"source": "drawn"} | {name.replace("__", "."): value for name, value in options.items()}
    )


@pytest.mark.parametrize(
    ("options", "filled"),
    [
        ({}, 2.0),
        ({"cleaning__missing": "median"}, 2.0),
        ({"cleaning__missing": "mean"}, 4.0),
        ({"cleaning__missing": "mode"}, 1.0),
        ({"cleaning__missing": "constant"}, 0.0),
        ({"cleaning__missing": "constant", "cleaning__fill": -7.0}, -7.0),
    ],
)
def test_one_number_stands_for_what_is_missing(options: dict[str, Any], filled: float) -> None:
    filler = Filler(section(**options))
    train, stay = filler.fit_transform(np.array([[1.0], [1.0], [2.0], [3.0], [13.0], [NAN]]))
    assert stay.all()
    assert train[-1, 0] == filled
    np.testing.assert_array_equal(filler.transform(np.array([[NAN], [99.0]])), [[filled], [99.0]])


def test_drop_leaves_training_rows_out_and_keeps_all_others() -> None:
    filler = Filler(section(cleaning__missing="drop"))
    _, stay = filler.fit_transform(np.array([[1.0, 2.0], [NAN, 3.0], [4.0, 5.0]]))
    np.testing.assert_array_equal(stay, [True, False, True])
    assert filler.dropped == 1
    np.testing.assert_array_equal(filler.transform(np.array([[NAN, NAN]])), [[2.5, 3.0]])
    with pytest.raises(DataError, match="drop leaves no training row"):
        Filler(section(cleaning__missing="drop")).fit_transform(np.array([[NAN, 1.0], [1.0, NAN]]))


def test_a_model_finds_what_the_other_columns_say() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1)) @ np.array([[1.0, 2.0, -1.0]]) + 0.01 * rng.normal(size=(200, 3))
    holes = x.copy()
    holes[::5, 1] = NAN
    by_model, by_median = (
        Filler(section(cleaning__missing=kind)).fit_transform(holes)[0] for kind in ("model", "median")
    )
    errors = [np.abs(found - x)[::5, 1].mean() for found in (by_model, by_median)]
    assert errors[0] < 0.05 * errors[1]


def test_interpolation_is_between_training_rows_in_time() -> None:
    filler = Filler(section(cleaning__missing="interpolate", split__time="when"))
    filled, _ = filler.fit_transform(np.array([[1.0], [NAN], [4.0]]), np.array([0.0, 1.0, 3.0]))
    assert filled[1, 0] == 2.0
    other = filler.transform(np.array([[50.0], [NAN], [NAN]]), np.array([4.0, 5.0, 1.5]))
    np.testing.assert_array_equal(
        other[:, 0], [50.0, 4.0, 2.5]
    )  # beyond the last training row its value goes on


@pytest.mark.parametrize(
    ("kind", "limit", "bounds"),
    [("iqr", 1.5, (-1.0, 7.0)), ("zscore", 1.0, (4.25 - 7.310437, 4.25 + 7.310437))],
)
def test_values_far_out_are_clipped_dropped_or_flagged(
    kind: str, limit: float, bounds: tuple[float, float]
) -> None:
    # quartiles 2 and 4; mean 4.25
    x = np.array([[1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 4.0, 2.0, 3.0, 23.0, 0.0]]).T
    options = {"cleaning__outliers": kind, "cleaning__outlier_limit": limit}
    outliers = Outliers(section(**options))
    clipped, stay = outliers.fit_transform(x)
    assert stay.all()
    if kind == "iqr":
        assert clipped.max() == bounds[1]
    np.testing.assert_array_equal(outliers.transform(np.array([[NAN], [2.0]])), [[NAN], [2.0]])
    assert outliers.transform(np.array([[1e9]])) == clipped.max()
    dropping = Outliers(section(**options, cleaning__outlier_action="drop"))
    np.testing.assert_array_equal(dropping.fit_transform(x)[1], x[:, 0] != 23.0)
    np.testing.assert_array_equal(dropping.transform(np.array([[1e9]])), [[1e9]])
    flagging = Outliers(section(**options, cleaning__outlier_action="flag"))
    np.testing.assert_array_equal(flagging.fit_transform(x)[0][:, 1], (x[:, 0] == 23.0).astype(float))
    assert flagging.names == ("(outlier)",)


@pytest.mark.parametrize("action", ["clip", "drop", "flag"])
def test_a_column_of_mostly_one_value_has_no_outliers_by_quartiles(action: str) -> None:
    """Its quartiles are equal: by the rule, every other value would be outlying."""
    x = np.array([[0.0] * 9 + [5.0], [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 99]]).T
    outliers = Outliers(section(cleaning__outliers="iqr", cleaning__outlier_action=action))
    found, stay = outliers.fit_transform(x)
    np.testing.assert_array_equal(found[:, 0], x[:, 0])
    assert stay.sum() == (9 if action == "drop" else 10)  # of the other column, as ever
    np.testing.assert_array_equal(outliers.transform(np.array([[7.0, 1.0]]))[0, :2], [7.0, 1.0])


def test_the_forest_is_that_of_scikit_learn_and_its_share_is_kept() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3))
    x[:4] += 20
    options = {"cleaning__outliers": "isolation_forest", "cleaning__outlier_share": 0.04, "split__seed": 3}
    dropping = Outliers(section(**options, cleaning__outlier_action="drop"))
    _, stay = dropping.fit_transform(x)
    np.testing.assert_array_equal(
        stay, IsolationForest(contamination=0.04, random_state=3).fit(x).predict(x) > 0
    )
    np.testing.assert_array_equal(np.flatnonzero(~stay), [0, 1, 2, 3])
    clipped, _ = Outliers(section(**options)).fit_transform(x)
    assert clipped.max() == x[4:].max()
    np.testing.assert_array_equal(clipped[4:], x[4:])
    none, stay = Outliers(section(**options | {"cleaning__outlier_share": 0.0})).fit_transform(x)
    np.testing.assert_array_equal(none, x)


def test_no_row_is_left_is_said() -> None:
    with pytest.raises(DataError, match="every training row is an outlier"):
        Outliers(
            section(cleaning__outliers="zscore", cleaning__outlier_limit=0.1, cleaning__outlier_action="drop")
        ).fit_transform(np.array([[1.0], [-1.0]]))


def test_values_are_carried_forward_and_never_back() -> None:
    x = np.array([[NAN, 1.0, NAN, NAN, 2.0, NAN]]).T
    np.testing.assert_array_equal(fill_forward(x, np.array([9.0]))[:, 0], [9, 1, 1, 1, 2, 2])
    two = np.stack([x, x + 1])
    np.testing.assert_array_equal(fill_forward(two, np.array([9.0]))[1, :, 0], [9, 2, 2, 2, 3, 3])


@pytest.mark.parametrize("kind", ["moving_average", "exponential", "median"])
def test_smoothing_agrees_with_pandas_and_looks_back_only(kind: str) -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    frame = pd.DataFrame(x)
    expected = {
        "moving_average": frame.rolling(5, min_periods=1).mean(),
        "median": frame.rolling(5, min_periods=1).median(),
        "exponential": frame.ewm(span=5).mean(),
    }[kind].to_numpy()
    np.testing.assert_allclose(smooth(x, kind, 5), expected)
    np.testing.assert_allclose(smooth(np.stack([x, 2 * x]), kind, 5)[1], 2 * expected)
    later = x.copy()
    later[20:] = 1e6
    np.testing.assert_array_equal(smooth(later, kind, 5)[:20], smooth(x, kind, 5)[:20])


def test_repeated_rows() -> None:
    np.testing.assert_array_equal(repeated_rows([1, 2, 1, 1, 3]), [False, False, True, True, False])


def test_rows_that_go_are_counted_and_validation_rows_stay() -> None:
    plain, dropped = prepared(table()), prepared(table(), cleaning__missing="drop")
    gone = len(plain.dataset.train_rows) - len(dropped.dataset.train_rows)
    assert gone > 0
    assert [repair.count for repair in dropped.dataset.repairs if "missing numbers" in repair.what] == [gone]
    assert len(dropped.dataset.train_x) == len(dropped.dataset.train_y) == len(dropped.dataset.train_rows)
    np.testing.assert_array_equal(plain.dataset.valid_rows, dropped.dataset.valid_rows)


def test_rows_of_one_kind_that_repeat_another_go() -> None:
    for records in (table(), traces()):
        held = records.frame if records.frame is not None else records.array
        first = prepared(records, split__test=0).split.train[:2]
        if records.frame is not None:
            frame = records.frame.copy()
            frame.loc[first[1]] = frame.loc[first[0]]
            double = dataclasses.replace(records, frame=frame)
        else:
            array, targets = np.array(held), np.array(records.targets)
            array[first[1]], targets[first[1]] = array[first[0]], targets[first[0]]
            double = dataclasses.replace(records, array=array, targets=targets)
        found = prepared(double, split__test=0, split__stratify=False, cleaning__duplicates="drop")
        kept = prepared(double, split__test=0, split__stratify=False)
        both = set(first) <= set(kept.split.train)
        assert len(kept.dataset.train_rows) - len(found.dataset.train_rows) == int(both)


def test_a_channel_without_a_value_is_named() -> None:
    array = np.array(traces().array)
    array[:, :, 1] = NAN
    with pytest.raises(DataError, match="hold no value of 'channel 1'"):
        prepared(dataclasses.replace(traces(), array=array), "sequences")


def test_numbers_that_cannot_be_computed_with_name_their_column() -> None:
    for column, options in (("b", {}), ("amount", {"target": "amount"})):
        frame = pd.DataFrame(table().frame)
        frame.loc[3, column] = -1e60
        with pytest.raises(DataError, match=f"drawn.csv, .*column '{column}'.* -1e\\+60"):
            prepared(dataclasses.replace(table(), frame=frame), split__test=0, **options)
        frame.loc[3, column] = 1e49
        assert np.isfinite(
            prepared(dataclasses.replace(table(), frame=frame), features__polynomial=3).dataset.train_x
        ).all()
    array = np.array(traces().array)
    array[0, 0, 0] = array[1, 0, 0] = np.inf
    with pytest.raises(DataError, match="'channel 0': holds inf"):
        prepared(dataclasses.replace(traces(), array=array), split__test=0, split__valid=0.02)


def test_an_interpolation_without_an_order_is_refused() -> None:
    with pytest.raises(DataError, match=re.escape("split.time, or choose median or model")):
        prepared(table(), cleaning__missing="interpolate")
