"""What an ensemble is worth: how often a gain is claimed where there is none, and whether a real one is found."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from deploy.ensembles.blends import Mean
from deploy.ensembles.crossfit import FOLDS, Rows, crossfit, deal
from deploy.ensembles.greedy import select
from deploy.errors import DeployError


def _members(rng: np.random.Generator, y: np.ndarray, members: int, shared: float, own: float) -> np.ndarray:
    """Members that see the right class through the same noise, and some of their own."""
    noise = rng.normal(0, shared, (len(y), 3)) + rng.normal(0, own, (members, len(y), 3))
    grown = np.exp(np.eye(3)[y] + noise)
    return grown / grown.sum(axis=2, keepdims=True)


def _greedy(rng: np.random.Generator) -> object:
    return lambda outputs, y: select(outputs, lambda found: (found.argmax(axis=1) == y).mean(), rng)


def _best(outputs: np.ndarray, y: np.ndarray) -> int:
    return int((outputs.argmax(axis=2) == y).mean(axis=1).argmax())


@pytest.mark.slow
def test_a_gain_is_claimed_as_seldom_as_stated_where_all_members_are_one_model() -> None:
    """Members that differ by next to nothing: what selection gains where it selects is noise."""
    rng, repeats, claimed = np.random.default_rng(0), 25, 0
    for _ in range(repeats):
        y = rng.integers(0, 3, 150)
        outputs = _members(rng, y, 6, shared=1.0, own=0.05)
        found = crossfit(
            outputs, Rows(y, True), "classification", "accuracy", "maximize", _greedy(rng), _best, rng
        )
        claimed += found.better or found.worse
    assert claimed / repeats < 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)


def test_the_same_rows_for_choosing_and_measuring_would_claim_a_gain() -> None:
    """The gate has to be able to fail: random members, chosen and measured on the same rows, look better than chance."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 90)
    outputs = _members(rng, y, 40, shared=0.0, own=50.0)
    blend = select(outputs, lambda found: (found.argmax(axis=1) == y).mean(), rng)
    naive = (blend.apply(outputs).argmax(axis=1) == y).mean()
    honest = crossfit(
        outputs, Rows(y, True), "classification", "accuracy", "maximize", _greedy(rng), _best, rng
    ).new
    assert naive > honest + 0.1


def test_a_gain_that_is_there_is_found() -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 400)
    outputs = _members(rng, y, 12, shared=0.1, own=1.0)
    found = crossfit(
        outputs, Rows(y, True), "classification", "accuracy", "maximize", _greedy(rng), _best, rng
    )
    assert found.better
    assert found.new > found.old + 0.1


def test_a_mean_is_measured_as_it_is_on_all_rows() -> None:
    rng = np.random.default_rng(3)
    y = rng.normal(size=60)
    outputs = y + rng.normal(size=(3, 60))
    mean = Mean((1 / 3,) * 3)
    found = crossfit(
        outputs, Rows(y, False), "regression", "mse", "minimize", lambda *_: mean, lambda *_: 1, rng
    )
    assert found.new == pytest.approx(((outputs.mean(axis=0) - y) ** 2).mean())
    assert found.old == pytest.approx(((outputs[1] - y) ** 2).mean())


def test_folds_keep_classes_groups_and_neighbours() -> None:
    rng = np.random.default_rng(4)
    y = np.repeat([0, 1, 2], [50, 30, 10])
    folds = deal(Rows(y, True), rng)
    for label, count in Counter(y.tolist()).items():
        shares = np.bincount(folds[y == label], minlength=FOLDS)
        assert shares.max() - shares.min() <= 1
        assert shares.sum() == count
    groups = rng.integers(0, 12, 90)
    folds = deal(Rows(y, True, groups=groups), rng)
    assert all(len(set(folds[groups == group].tolist())) == 1 for group in set(groups.tolist()))
    assert len(set(folds.tolist())) == FOLDS
    ordered = deal(Rows(y.astype(float), False, ordered=True), rng)
    assert (np.diff(ordered) >= 0).all()
    assert len(set(ordered.tolist())) == FOLDS


def test_rows_that_all_belong_together_measure_nothing() -> None:
    rng, y = np.random.default_rng(5), np.arange(20) % 3
    rows = Rows(y, True, groups=np.zeros(20, int))
    outputs = _members(rng, y, 3, shared=0.1, own=0.1)
    with pytest.raises(DeployError, match="of one group"):
        crossfit(outputs, rows, "classification", "accuracy", "maximize", _greedy(rng), _best, rng)
