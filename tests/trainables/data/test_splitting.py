"""Splits: what would leave a part empty first, then shares, classes, groups, time and folds."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data import Section, read_section
from trainables.data.splitting import Split, Ties, draw_rows, split_rows
from trainables.errors import DataError

NOTHING = Ties()


def section(**options: Any) -> Section:
    return read_section(
        {"source": "drawn"} | {name.replace("__", "."): value for name, value in options.items()}
    )


def split(count: int, ties: Ties = NOTHING, **options: Any) -> Split:
    return split_rows(count, ties, section(**options), "drawn.csv")


@pytest.mark.parametrize(
    ("count", "ties", "options", "rule"),
    [
        (
            12,
            Ties(),
            {"split__valid": 0.01},
            "data.split.valid: drawn.csv: 0.01 of 12 rows leaves none for validation",
        ),
        (
            12,
            Ties(),
            {"split__test": 0.01},
            "data.split.test: drawn.csv: 0.01 of 12 rows leaves none for the test",
        ),
        (
            12,
            Ties(groups=np.arange(12) % 2),
            {"split__group": "ward"},
            "data.split.group: drawn.csv: 'ward' has 2 different values, and training and validation and the test "
            "need 3, as rows of one value stay together; name another column, or leave split.group out",
        ),
        (10, Ties(groups=np.arange(10) % 4), {"split__folds": 4}, "and 4 folds and the test need 5"),
        (10, Ties(times=np.arange(10) % 2), {"split__folds": 2, "split__test": 0}, "and 2 folds need 3"),
        (10, Ties(times=np.zeros(10, int)), {}, "has 1 different values"),
        (
            100,
            Ties(times=np.repeat([0, 1, 2], [90, 5, 5])),
            {"split__test": 0.05},
            "(rows of one time are not cut)",
        ),
        (10, Ties(times=np.arange(10), groups=np.arange(10)), {}, "cannot be joined with split.time"),
    ],
)
def test_a_part_that_would_be_empty(count: int, ties: Ties, options: dict[str, Any], rule: str) -> None:
    with pytest.raises(DataError, match=re.escape(rule)):
        split(count, ties, **options)


DRAWN = st.fixed_dictionaries(
    {
        "count": st.integers(30, 200),
        "seed": st.integers(0, 100),
        "valid": st.sampled_from([0.1, 0.2, 0.35]),
        "test": st.sampled_from([0.0, 0.1, 0.3]),
        "tie": st.sampled_from(["none", "classes", "groups", "both", "times"]),
    }
)


def _ties(drawn: dict[str, Any]) -> Ties:
    rng = np.random.default_rng(drawn["seed"])
    classes, groups = rng.integers(0, 3, drawn["count"]), rng.integers(0, 15, drawn["count"])
    return {
        "none": Ties(),
        "classes": Ties(classes=classes),
        "groups": Ties(groups=groups),
        "both": Ties(classes=classes, groups=groups),
        "times": Ties(times=rng.integers(0, 40, drawn["count"])),
    }[drawn["tie"]]


@settings(max_examples=80, deadline=None)
@given(drawn=DRAWN)
def test_parts_share_the_rows_and_keep_what_ties_them(drawn: dict[str, Any]) -> None:
    ties, count = _ties(drawn), drawn["count"]
    options = {"split__valid": drawn["valid"], "split__test": drawn["test"], "split__seed": drawn["seed"]}
    found = split(count, ties, **options)
    parts = found.train, found.valid, found.test
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(count))
    if drawn["tie"] in ("none", "classes"):
        assert abs(len(found.valid) - drawn["valid"] * count) <= 2
        assert abs(len(found.test) - drawn["test"] * count) <= 2
    if drawn["tie"] == "classes":
        for label in range(3):
            size = (ties.classes == label).sum()
            assert abs((ties.classes[found.valid] == label).sum() - drawn["valid"] * size) < 1.6
    if ties.groups is not None:
        held = [set(ties.groups[part]) for part in parts]
        assert not held[0] & held[1]
        assert not held[0] & held[2]
        assert not held[1] & held[2]
        assert abs(len(found.valid) - drawn["valid"] * count) <= np.bincount(ties.groups).max()
    if ties.times is not None:
        assert ties.times[found.train].max() < ties.times[found.valid].min()
        if len(found.test):
            assert ties.times[found.valid].max() < ties.times[found.test].min()
    again = split(count, ties, **options)
    np.testing.assert_array_equal(found.valid, again.valid)
    # the test rows follow neither the validation's share nor folds
    np.testing.assert_array_equal(split(count, ties, **options | {"split__valid": 0.15}).test, found.test)
    np.testing.assert_array_equal(split(count, ties, **options | {"split__folds": 4}).test, found.test)


@settings(max_examples=60, deadline=None)
@given(drawn=DRAWN, folds=st.integers(2, 5))
def test_folds_are_a_partition_of_the_rows_outside_test(drawn: dict[str, Any], folds: int) -> None:
    ties, count = _ties(drawn), drawn["count"]
    options = {"split__test": drawn["test"], "split__seed": drawn["seed"], "split__folds": folds}
    parts = [split(count, ties, split__fold=fold, **options) for fold in range(folds)]
    validated = np.concatenate([part.valid for part in parts])
    assert len(np.unique(validated)) == len(validated)
    if ties.times is None:
        outside = np.setdiff1d(np.arange(count), parts[0].test)
        np.testing.assert_array_equal(np.sort(validated), outside)
        for part in parts:
            np.testing.assert_array_equal(np.sort(np.concatenate([part.train, part.valid])), outside)
        if drawn["tie"] in ("none", "classes"):
            assert np.ptp([len(part.valid) for part in parts]) <= 1
        if drawn["tie"] == "classes":
            for label in range(3):
                assert np.ptp([(ties.classes[part.valid] == label).sum() for part in parts]) <= 1
        if ties.groups is not None:
            for part in parts:
                assert not set(ties.groups[part.train]) & set(ties.groups[part.valid])
        return
    for part, later in zip(parts, [*parts[1:], None], strict=True):
        assert ties.times[part.train].max() < ties.times[part.valid].min()
        if later is not None:  # a chain: what was validated is learnt next
            assert set(part.train) | set(part.valid) == set(later.train)


def test_another_seed_gives_other_rows() -> None:
    assert not np.array_equal(split(100).valid, split(100, split__seed=1).valid)


def test_a_class_that_is_too_small_is_trained_on_and_said() -> None:
    classes = np.array([0] * 40 + [1] * 40 + [2])
    found = split(81, Ties(classes=classes, labels=("a", "b", "rare")))
    assert 80 in found.train
    assert [(repair.count, repair.where) for repair in found.repairs] == [(1, ("rare",)), (1, ("rare",))]
    assert "validation" in found.repairs[0].what


def test_a_limit_draws_of_each_class_its_share() -> None:
    classes = np.repeat([0, 1, 2], [600, 300, 100])
    rows = draw_rows(np.arange(1000) * 2, classes, 100, section())
    assert len(rows) == 100
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(np.bincount(classes[rows // 2]), [60, 30, 10])
    np.testing.assert_array_equal(rows, draw_rows(np.arange(1000) * 2, classes, 100, section()))
    assert not np.array_equal(rows, draw_rows(np.arange(1000) * 2, classes, 100, section(split__seed=1)))
    assert len(draw_rows(np.arange(10), None, 0, section())) == 10
    assert len(draw_rows(np.arange(10), None, 4, section())) == 4
