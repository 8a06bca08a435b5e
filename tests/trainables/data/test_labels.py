"""Labels that were made wrong on purpose are found, and few others are suspected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trainables.data.dataset import Array, Dataset
from trainables.data.labels import Suspect, check_labels, confident_errors
from trainables.errors import DataError


def dataset(x: Array, y: Array, labels: tuple[str, ...]) -> Dataset:
    """Rows with an even place are for training, the others for validation."""
    rows = np.arange(len(y))
    parts = [part for rest in (0, 1) for part in (x[rows % 2 == rest], y[rows % 2 == rest])]
    return Dataset(
        "classification",
        "table",
        "features",
        *parts,
        n_classes=len(labels),
        names=tuple(f"x{i}" for i in range(x.shape[1])),
        labels=labels,
        train_rows=rows[rows % 2 == 0],
        valid_rows=rows[rows % 2 == 1],
        source="made",
    )


def place(row: int) -> str:
    return f"row {row + 1}"


def spoilt_digits(share: float, rows: int = 900) -> tuple[Dataset, set[int]]:
    """Digits with a share of the labels changed to another, and which rows these are."""
    from sklearn.datasets import load_digits

    x, y = (array[:rows] for array in load_digits(return_X_y=True))
    rng = np.random.default_rng(0)
    wrong = rng.choice(rows, round(share * rows), replace=False)
    y = y.astype(np.int64)
    y[wrong] = (y[wrong] + rng.integers(1, 10, len(wrong))) % 10
    return dataset(x, y, tuple("0123456789")), set(wrong.tolist())


@pytest.fixture(scope="module")
def found() -> tuple[tuple[Suspect, ...], set[int]]:
    spoilt, wrong = spoilt_digits(0.05)
    return check_labels(spoilt, place).suspects, wrong


def test_planted_errors_are_found(found: tuple[tuple[Suspect, ...], set[int]]) -> None:
    suspects, wrong = found
    listed = [each.row for each in suspects]
    first = listed[: len(wrong)]
    print(
        f"{len(wrong)} planted: of the first {len(first)} listed {len(wrong & set(first))} are among them, "
        f"of all {len(listed)} listed {len(wrong & set(listed))}"
    )
    assert len(wrong & set(first)) >= 0.85 * len(wrong)  # precision and recall of the top of the list
    assert len(wrong & set(listed)) >= 0.95 * len(wrong)
    assert len(listed) < 0.15 * 900


def test_confident_suspicions_are_right(found: tuple[tuple[Suspect, ...], set[int]]) -> None:
    suspects, wrong = found
    confident = {each.row for each in suspects if each.confident}
    print(f"confident: {len(confident)}, of which planted: {len(confident & wrong)}")
    assert len(confident) >= len(wrong) / 2
    assert len(confident & wrong) >= 0.95 * len(confident)


def test_a_suspicion_says_where_and_what(found: tuple[tuple[Suspect, ...], set[int]]) -> None:
    suspects, wrong = found
    worst = suspects[0]
    assert worst.row in wrong
    assert worst.place == place(worst.row)
    assert worst.label != worst.suggested
    assert 0 <= worst.confidence < worst.suggested_confidence <= 1
    margins = [each.confidence - each.suggested_confidence for each in suspects]
    assert margins == sorted(margins)


def test_the_same_seed_suspects_the_same_rows() -> None:
    spoilt, _ = spoilt_digits(0.1, rows=300)
    assert check_labels(spoilt, place, seed=3) == check_labels(spoilt, place, seed=3)


def test_the_confident_joint_is_that_of_cleanlab() -> None:
    count = pytest.importorskip("cleanlab.count", reason="cleanlab is the reference for confident learning")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 400)
    logits = (
        rng.normal(size=(400, 3)) + 2 * np.eye(3)[np.where(rng.random(400) < 0.8, y, rng.integers(0, 3, 400))]
    )
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    _, rows = count.compute_confident_joint(y, probabilities, return_indices_of_off_diagonals=True)
    assert sorted(np.flatnonzero(confident_errors(probabilities, y))) == sorted(rows)


def test_classes_too_small_to_judge_are_left_out() -> None:
    rng = np.random.default_rng(0)
    y = np.array([0] * 40 + [1] * 40 + [2] * 3)
    x = rng.normal(size=(83, 4)) + 3 * y[:, None]
    small = dataset(x, y, ("a", "b", "rare"))
    assert all(each.label != "rare" for each in check_labels(small, place).suspects)


def test_only_classes_have_label_errors() -> None:
    spoilt, _ = spoilt_digits(0.1, rows=60)
    with pytest.raises(DataError, match="a classification's features, not in a regression's features"):
        check_labels(replace(spoilt, task="regression"), place)
    one = replace(spoilt, train_y=np.zeros_like(spoilt.train_y), valid_y=np.zeros_like(spoilt.valid_y))
    with pytest.raises(DataError, match="two classes of at least 5 rows"):
        check_labels(one, place)


def test_columns_that_say_nothing_of_the_label_accuse_no_row() -> None:
    rng = np.random.default_rng(1)
    for classes, shares in ((2, (0.5, 0.5)), (2, (0.9, 0.1)), (4, (0.4, 0.3, 0.2, 0.1))):
        x, y = rng.normal(size=(240, 3)).round(1), rng.choice(classes, 240, p=shares)
        check = check_labels(dataset(x, y, tuple("abcd"[:classes])), place)
        assert not check.telling
        assert check.suspects == ()
        assert check.rows == 240
        assert check.most_frequent == np.bincount(y).max() / 240


def test_what_the_columns_say_is_told_as_shares() -> None:
    spoilt, _ = spoilt_digits(0.1, rows=300)
    check = check_labels(spoilt, place)
    assert check.telling
    assert check.accuracy == 1 - len(check.suspects) / 300  # a row is listed where it is predicted otherwise
    assert check.accuracy > check.most_frequent
