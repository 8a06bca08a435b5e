"""Labels, dates and texts of a table as features, and the columns that are left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import TargetEncoder

from contracts.records import place, prepared, table
from trainables.data import Records, Section, read_section
from trainables.data.encoding import CategoryEncoder, date_parts, kind_of
from trainables.errors import DataError


def section(**options: Any) -> Section:
    return read_section(
        {"source": "drawn"} | {name.replace("__", "."): value for name, value in options.items()}
    )


def encoder(kind: str, **options: Any) -> CategoryEncoder:
    return CategoryEncoder("colour", section(features__categories=kind, **options), "classification")


CELLS = ["red", "blue", None, "red", "red", "green"]
Y = np.array([0, 1, 0, 1, 1, 0])


def test_onehot_has_a_feature_a_label_and_zeros_for_the_unseen() -> None:
    one = encoder("onehot")
    np.testing.assert_array_equal(one.fit_transform(CELLS, Y).sum(axis=1), 1)
    assert one.names == ("colour=(missing)", "colour=blue", "colour=green", "colour=red")
    np.testing.assert_array_equal(
        one.transform(["violet", float("nan"), "blue"]), [[0] * 4, [1, 0, 0, 0], [0, 1, 0, 0]]
    )


def test_rare_labels_are_one_which_stands_for_the_unseen_too() -> None:
    one = encoder("onehot", features__rare=0.3)
    train = one.fit_transform(CELLS, Y)
    assert one.names == ("colour=red", "colour=(rare)")
    np.testing.assert_array_equal(train[:, 1], [0, 1, 1, 0, 0, 1])
    np.testing.assert_array_equal(one.transform(["violet"]), [[0, 1]])


def test_of_many_labels_the_most_frequent_have_a_feature_of_their_own() -> None:
    cells = [f"n{i}" for i in range(150)] + [f"n{i}" for i in range(99)]
    one = encoder("onehot")
    assert one.fit_transform(cells, np.zeros(len(cells))).shape[1] == 101
    assert one.names[-1] == "colour=(rare)"


def test_ordinal_and_frequency() -> None:
    rank, share = encoder("ordinal"), encoder("frequency")
    np.testing.assert_array_equal(rank.fit_transform(CELLS, Y)[:, 0], [3, 1, 0, 3, 3, 2])
    np.testing.assert_array_equal(rank.transform(["violet", "red"])[:, 0], [-1, 3])
    np.testing.assert_allclose(share.fit_transform(CELLS, Y)[:, 0], np.array([3, 1, 1, 3, 3, 1]) / 6)
    np.testing.assert_allclose(share.transform(["violet", "red"])[:, 0], [0, 0.5])


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_the_mean_target_is_that_of_the_other_folds(task: Any) -> None:
    rng = np.random.default_rng(0)
    cells = rng.choice(["a", "b", "c"], 60).tolist()
    y = rng.normal(size=60) if task == "regression" else rng.integers(0, 3, 60)
    means = CategoryEncoder("k", section(features__categories="target"), task)
    train = means.fit_transform(cells, y)
    assert train.shape[1] == len(means.names) == (1 if task == "regression" else 3)
    everywhere = means.transform(cells)
    reference = TargetEncoder(target_type="continuous" if task == "regression" else "multiclass").fit(
        np.array(cells)[:, None], y
    )
    np.testing.assert_allclose(everywhere, reference.transform(np.array(cells)[:, None]))
    assert not np.allclose(train, everywhere)
    np.testing.assert_allclose(means.transform(["never"])[0], np.atleast_1d(reference.target_mean_))
    # its own target is not in a row's feature
    other = y.copy()
    other[0] = other[0] + 100 if task == "regression" else (other[0] + 1) % 3
    again = CategoryEncoder("k", section(features__categories="target"), task).fit_transform(cells, other)
    np.testing.assert_array_equal(again[0], train[0])


def test_dates_in_parts() -> None:
    column = pd.Series(np.array(["2024-02-29T13:00", "NaT"], dtype="datetime64[us]"))
    parts = {name: values.tolist()[0] for name, values in date_parts("d", column).items()}
    assert parts == {
        "d.year": 2024,
        "d.month": 2,
        "d.day": 29,
        "d.weekday": 3,
        "d.hour": 13,
        "d.days": pytest.approx(19782 + 13 / 24),
    }
    assert all(np.isnan(values[1]) for values in date_parts("d", column).values())


def test_kinds_of_columns() -> None:
    words = pd.Series(["one two three four", "five six seven eight", "a b c d e"], dtype=object)
    assert kind_of(words, None) == "text"
    assert kind_of(words, "category") == "category"
    assert kind_of(pd.Series(["one two three four"] * 4, dtype=object), None) == "category"
    assert kind_of(pd.Series([1, 2]), None) == "number"
    assert kind_of(pd.Series([None, None], dtype=object), None) == "category"


def test_columns_that_say_nothing_are_left_out_and_named() -> None:
    rows = 40
    frame = pd.DataFrame(
        {
            "x": np.arange(rows, dtype=float),
            "empty": np.full(rows, np.nan),
            "steady": 3,
            "id": pd.Series([f"n{i}" for i in range(rows)], dtype=object),
            "y": pd.Series(["a", "b"] * (rows // 2), dtype=object),
        }
    )
    found = prepared(Records("t.csv", "table", place, "", frame=frame, target="y")).dataset
    assert found.names == ("x",)
    assert [(repair.count, repair.where) for repair in found.repairs] == [
        (1, ("empty",)),
        (1, ("steady",)),
        (1, ("id",)),
    ]
    listed = prepared(
        Records("t.csv", "table", place, "", frame=frame, target="y"), columns__category="id"
    ).dataset
    assert listed.train_x.shape[1] == 25


def test_columns_that_split_are_no_inputs_unless_listed() -> None:
    def inputs(**options: Any) -> set[str]:
        return {name.split("=")[0].split(".")[0] for name in prepared(table(), **options).dataset.names}

    assert {"site", "when"} <= inputs()
    assert "site" not in inputs(split__group="site")
    assert "site" in inputs(split__group="site", columns__category="site")
    assert "when" not in inputs(split__time="when")
    assert "when" in inputs(split__time="when", columns__date="when")


def test_later_rows_are_prepared_as_the_others_were() -> None:
    found = prepared(table(), features__categories="target", features__pca=0.9, cleaning__missing="model")
    frame = table().frame
    assert frame is not None
    valid = found.split.valid
    later = frame.drop(columns=["y"]).iloc[valid][::-1]
    np.testing.assert_array_equal(found.preparation.transform(later), found.dataset.valid_x[::-1])
    with pytest.raises(DataError, match="no column 'colour'"):
        found.preparation.transform(later.drop(columns="colour"))
    with pytest.raises(DataError, match="column 'a' held numbers in training, and holds"):
        found.preparation.transform(later.assign(a="text"))
