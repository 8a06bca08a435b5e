"""How estimators grow: parts of the rows, members, epochs."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from trainables import CheckpointError, Host, TrainableError, resolve
from trainables.classical.growth import COEFFICIENTS, Rows
from trainables.data import load


def start(config: dict[str, Any], **more: Any) -> Host:
    host = Host(resolve("classical"))
    host.start(config, seed=0, **more)
    return host


def test_parts_are_nested_and_every_class_is_in_the_first() -> None:
    y = np.repeat([0, 1, 2], [300, 97, 3])
    rows = Rows(Ridge, np.zeros((400, 2)), y, 9, seed=3)
    parts = [rows.rows(step) for step in range(1, 10)]
    for step, (part, larger) in enumerate(itertools.pairwise(parts), start=1):
        assert set(part) < set(larger)
        assert len(part) == -(-400 * step // 9)
        counts = np.bincount(y[part], minlength=3)
        assert (counts >= 1).all()
        assert np.abs(counts / len(part) - [0.75, 0.2425, 0.0075]).max() < 0.02
    assert (parts[-1] == np.arange(400)).all()


def test_the_first_part_has_as_many_rows_as_there_are_neighbours() -> None:
    host = start({"data": "diabetes", "estimator": "knn", "knn": {"n_neighbors": 100}})
    assert len(host._trainable._fitting._growing.rows(1)) == 100
    assert host.advance() is not None


def test_another_seed_draws_other_parts_and_ends_with_the_same_model() -> None:
    found = []
    for seed in (0, 1):
        host = Host(resolve("classical"))
        host.start({"data": "diabetes", "estimator": "ridge"}, seed=seed)
        found.append([host.advance() for _ in range(9)])
    assert found[0][0] != found[1][0]
    assert found[0][-1] == found[1][-1]


@pytest.mark.parametrize(
    ("name", "size", "counts"),
    [
        ("random_forest", {"n_estimators": 7}, [1, 2, 3, 4, 4, 5, 6, 7, 7]),
        ("bagging", {"n_estimators": 18}, [2, 4, 6, 8, 10, 12, 14, 16, 18]),
    ],
)
def test_members_grow_by_the_share_of_the_step(name: str, size: dict[str, int], counts: list[int]) -> None:
    host = start({"data": "wine", "estimator": name, name: size})
    found, trees = [], []
    for _ in counts:
        host.advance()
        members = host._trainable._fitting._growing.model.estimators_
        assert members[: len(trees)] == trees  # those there are are kept
        trees = list(members)
        found.append(len(trees))
    assert found == counts


def test_a_trial_ends_when_its_training_is_whole() -> None:
    host = start({"data": "wine", "estimator": "naive_bayes", "steps": 2})
    assert host.advance()
    assert host.advance()
    assert host.advance() is None


def test_one_step_is_the_whole_training() -> None:
    whole = start({"data": "wine", "estimator": "svm", "steps": 1}).advance()
    host = start({"data": "wine", "estimator": "svm"})
    assert [host.advance() for _ in range(9)][-1] == whole


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", None])
def test_damaged_coefficients(content: bytes | None, tmp_path: Any) -> None:
    host = start({"data": "wine", "estimator": "sgd"})
    host.advance()
    host.save(tmp_path)
    (tmp_path / COEFFICIENTS).unlink()
    if content is not None:
        (tmp_path / COEFFICIENTS).write_bytes(content)
    with pytest.raises(CheckpointError, match=COEFFICIENTS):
        start({"data": "wine", "estimator": "sgd"}, checkpoint=tmp_path)


def test_coefficients_of_another_data_set(tmp_path: Any) -> None:
    host = start({"data": "wine", "estimator": "sgd"})
    host.advance()
    host.save(tmp_path)
    with pytest.raises(CheckpointError, match="of another model"):
        start({"data": "breast_cancer", "estimator": "sgd"}, checkpoint=tmp_path)


def test_an_sgd_that_diverged_stays_diverged_after_a_checkpoint(tmp_path: Any) -> None:
    config = {"data": "diabetes", "estimator": "sgd", "sgd": {"eta0": 1e300, "learning_rate": "constant"}}
    host = start(config)
    assert np.isnan((host.advance() or {})["val/rmse"])
    host.save(tmp_path)
    assert np.isnan((start(config, checkpoint=tmp_path).advance() or {})["val/rmse"])


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        ({"estimator": "rigde"}, "estimator 'rigde' is unknown"),
        ({"estimator": "ridge"}, "estimator 'ridge' cannot predict classes"),
        ({"knn": {"neighbours": 3}}, "no option 'knn.neighbours'; did you mean knn.n_neighbors?"),
        ({"estimator": "logistic", "logistic": {"C": -1.0}}, "logistic.C is at least 1e-12, not -1.0"),
        (
            {"estimator": "svm", "svm": {"kernel": "rfb"}},
            "svm.kernel: 'rfb' is not possible; did you mean rbf",
        ),
        ({"steps": 0}, "steps is at least 1, not 0"),
        ({"estimator": "voting", "voting": {"members": "knn+svm"}}, "'svm' cannot be a member here"),
        (
            {"estimator": "voting", "voting": {"members": "knn"}},
            "two or more different estimators, not 'knn'",
        ),
        ({"estimator": "stacking", "stacking": {"members": "knn+trees"}}, "'trees' cannot be a member"),
    ],
)
def test_wrong_options(config: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        start({"data": "wine", **config})


def test_margins_of_an_svm_rank_as_it_does() -> None:
    host = start({"data": "wine", "estimator": "svm", "steps": 1})
    host.advance()
    fitting, data = host._trainable._fitting, load("wine")
    odds = fitting._outputs(data.valid_x)
    np.testing.assert_allclose(odds.sum(axis=1), 1.0)
    assert (odds.argmax(axis=1) == fitting._growing.model.predict(data.valid_x)).all()
