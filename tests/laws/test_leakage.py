"""Nothing that is fitted has seen a validation or a test row: change one, and all the others stay as they are."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.records import MAKERS, VIEWS, changed, prepared
from trainables.data.prepare import Prepared
from trainables.data.section import OPTIONS

FEW = settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])

STAGES: dict[str, Any] = {
    **{
        f"cleaning.missing={kind}": {"cleaning__missing": kind}
        for kind in OPTIONS["cleaning.missing"].choices
    },
    **{
        f"cleaning.outliers={kind}, {action}": {
            "cleaning__outliers": kind,
            "cleaning__outlier_action": action,
            "cleaning__outlier_limit": 2.9,
            "cleaning__outlier_share": 0.1,
        }
        for kind in ("iqr", "zscore", "isolation_forest")
        for action in OPTIONS["cleaning.outlier_action"].choices
    },
    "cleaning.duplicates=drop": {"cleaning__duplicates": "drop"},
    **{
        f"cleaning.smoothing={kind}": {"cleaning__smoothing": kind}
        for kind in OPTIONS["cleaning.smoothing"].choices[1:]
    },
    **{
        f"features.categories={kind}": {"features__categories": kind, "features__rare": 0.1}
        for kind in OPTIONS["features.categories"].choices
    },
    "features.polynomial=2": {"features__polynomial": 2, "features__vocabulary": 10, "features__window": 3},
    **{
        f"features.select={kind}": {"features__select": kind, "features__keep": 0.5}
        for kind in OPTIONS["features.select"].choices[1:]
    },
    "features.pca=0.9": {"features__pca": 0.9},
    "features.ngrams=2": {"features__ngrams": 2},
    **{f"scaling={kind}": {"scaling": kind} for kind in OPTIONS["scaling"].choices},
    "limit=20": {"limit": 20},
    "split.folds=3": {"split__folds": 3, "split__fold": 1},
    "split.group=site": {"split__group": "site"},
    "split.time=when": {"split__time": "when"},
}


def _options(modality: str, stage: str) -> dict[str, Any]:
    options = dict(STAGES[stage])
    if modality == "table" and options.get("cleaning__missing") == "interpolate":
        options["split__time"] = "when"
    if modality == "images" and "features__polynomial" in options:
        del options["features__polynomial"]  # of 144 pixels: test_features has it for images
    if modality == "series" and options.get("cleaning__missing") == "drop":
        options["features__window"] = 3  # so that windows without a gap are left
    if modality == "series":
        options = {
            name: value for name, value in options.items() if name not in ("split__group", "split__time")
        }
    return options


def _same_inputs(stage: str, one: np.ndarray, two: np.ndarray) -> None:
    """The same numbers to the last bit; those of a matrix product to rounding, which follows the number of rows."""
    rounding = 1e-12 if "pca" in stage else 0.0
    np.testing.assert_allclose(one, two, rtol=rounding, atol=rounding)


def _same_training(before: Prepared, after: Prepared) -> None:
    one, two = before.dataset, after.dataset
    np.testing.assert_array_equal(one.train_x, two.train_x)
    np.testing.assert_array_equal(one.train_y, two.train_y)
    np.testing.assert_array_equal(one.train_rows, two.train_rows)
    np.testing.assert_array_equal(one.valid_rows, two.valid_rows)
    np.testing.assert_array_equal(one.valid_y, two.valid_y)
    assert one.names == two.names
    assert one.vocabulary == two.vocabulary


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("modality", [name for name in MAKERS if name != "series"])
@FEW
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_a_row_outside_training_changes_itself_alone(modality: str, stage: str, data: Any, seed: int) -> None:
    records, options = MAKERS[modality](seed), _options(modality, stage)
    view = data.draw(st.sampled_from(VIEWS[modality]))
    before = prepared(records, view, **options)
    at = data.draw(st.integers(0, len(before.split.valid) - 1), label="the validation row")
    after = prepared(changed(records, int(before.split.valid[at]), seed), view, **options)
    _same_training(before, after)
    others = np.arange(len(before.split.valid)) != at
    _same_inputs(stage, before.dataset.valid_x[others], after.dataset.valid_x[others])
    assert np.isfinite(after.dataset.valid_x).all()

    row = data.draw(st.sampled_from(before.split.test.tolist()), label="the test row")
    after = prepared(changed(records, row, seed), view, **options)
    _same_training(before, after)
    _same_inputs(stage, before.dataset.valid_x, after.dataset.valid_x)


@pytest.mark.parametrize("stage", STAGES)
@settings(FEW, max_examples=5)
@given(data=st.data(), seed=st.integers(0, 2**16), horizon=st.integers(1, 3))
def test_a_step_of_a_series_changes_nothing_before_it(stage: str, data: Any, seed: int, horizon: int) -> None:
    records, options = MAKERS["series"](seed), {"features__horizon": horizon, **_options("series", stage)}
    view = data.draw(st.sampled_from(VIEWS["series"]))
    before = prepared(records, view, **options)
    step = int(data.draw(st.sampled_from(before.split.valid.tolist()), label="the validation step"))
    after = prepared(changed(records, step, seed), view, **options)
    one, two = before.dataset, after.dataset
    np.testing.assert_array_equal(one.train_x, two.train_x)
    np.testing.assert_array_equal(one.train_y, two.train_y)
    past, past_too = one.valid_rows + horizon <= step, two.valid_rows + horizon <= step
    np.testing.assert_array_equal(one.valid_rows[past], two.valid_rows[past_too])
    np.testing.assert_array_equal(one.valid_y[past], two.valid_y[past_too])
    # a window ends before its first target, and so has not seen the step where the forecast begins there
    unseen = [row for row in one.valid_rows.tolist() if row <= step and row in two.valid_rows]
    at, at_too = (np.searchsorted(each.valid_rows, unseen) for each in (one, two))
    _same_inputs(stage, one.valid_x[at], two.valid_x[at_too])

    row = int(data.draw(st.sampled_from(before.split.test.tolist()), label="the test step"))
    after = prepared(changed(records, row, seed), view, **options)
    _same_training(before, after)
    _same_inputs(stage, before.dataset.valid_x, after.dataset.valid_x)


@FEW
@given(seed=st.integers(0, 2**16), data=st.data())
def test_the_target_of_a_validation_row_changes_no_training_feature(seed: int, data: Any) -> None:
    records = MAKERS["table"](seed)
    options: dict[str, Any] = {
        "target": "amount",
        "features__categories": "target",
        "features__select": "univariate",
    }
    options |= {"features__keep": 0.5}
    before = prepared(records, **options)
    row = data.draw(st.sampled_from([*before.split.valid.tolist(), *before.split.test.tolist()]))
    assert records.frame is not None
    frame = records.frame.copy()
    frame.loc[row, "amount"] = 1e6
    after = prepared(dataclasses.replace(records, frame=frame), **options)
    np.testing.assert_array_equal(before.dataset.train_x, after.dataset.train_x)
    np.testing.assert_array_equal(before.dataset.train_y, after.dataset.train_y)
    np.testing.assert_array_equal(before.dataset.valid_x, after.dataset.valid_x)


@pytest.mark.parametrize("modality", MAKERS)
@pytest.mark.parametrize("stage", STAGES)
def test_the_same_rows_give_the_same_numbers_and_no_validation_row_is_lost(modality: str, stage: str) -> None:
    options = _options(modality, stage)
    for view in VIEWS[modality]:
        first, second = (prepared(MAKERS[modality](1), view, **options) for _ in range(2))
        _same_training(first, second)
        np.testing.assert_array_equal(first.dataset.valid_x, second.dataset.valid_x)
        if modality != "series":  # there a forecast needs its targets
            np.testing.assert_array_equal(first.dataset.valid_rows, first.split.valid)
        everything = np.concatenate([first.split.train, first.split.valid, first.split.test])
        assert len(np.unique(everything)) == len(everything)
        assert set(first.dataset.train_rows) <= set(first.split.train)


@pytest.mark.parametrize("stage", [name for name in STAGES if not name.startswith("split")])
def test_the_validation_rows_do_not_follow_what_is_tuned(stage: str) -> None:
    for modality in ("table", "images", "text", "traces"):
        plain = prepared(MAKERS[modality](1))
        options = {
            name: value for name, value in _options(modality, stage).items() if not name.startswith("split")
        }
        if options.get("cleaning__missing") == "interpolate" and modality == "table":
            continue
        np.testing.assert_array_equal(
            prepared(MAKERS[modality](1), **options).dataset.valid_rows, plain.dataset.valid_rows
        )
