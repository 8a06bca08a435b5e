"""A user's own pipeline: one method, the rest is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from contracts.trainable import Case, TrainableContract
from trainables import Host, PlugError, TrainableError, resolve
from trainables.classical import Pipelined
from trainables.data import load

REDUCED = f"{Path(__file__).with_name('reduced.py')}:Reduced"


class Anything(Pipelined):
    def build(self, options: Mapping[str, Any], task: str) -> Any:
        return {
            "forest": RandomForestClassifier(5),
            "tree": make_pipeline(PCA(2), DecisionTreeClassifier(random_state=3)),
            "margins": RidgeClassifier(),
            "number": 7,
            "class": RidgeClassifier,
            "values": make_pipeline(PCA(2), Ridge()),
        }[options["model.kind"]]


class TestPipelined(TrainableContract):
    @pytest.fixture(params=[Case(REDUCED, {"data": "wine"}), Case(REDUCED, {"data": "diabetes"})])
    def case(self, request: pytest.FixtureRequest) -> Case:
        found = request.param
        assert isinstance(found, Case)
        return found


def start(made: Any, config: dict[str, Any], seed: int = 0) -> Host:
    host = Host(resolve(made))
    host.start(config, seed=seed)
    return host


def test_the_last_step_is_the_pipeline_fitted_on_all_training_rows() -> None:
    host = start(REDUCED, {"components": 4, "data": "wine"})
    rows = [host.advance() or {} for _ in range(9)]
    assert host.advance() is None
    data = load("wine")
    model = make_pipeline(PCA(4), LogisticRegression(C=1.0)).fit(data.train_x, data.train_y)
    assert rows[-1]["val/accuracy"] == model.score(data.valid_x, data.valid_y)
    assert rows[0]["val/loss"] > rows[-1]["val/loss"]


def test_the_seed_of_the_trial_fills_every_random_state_that_is_open() -> None:
    host = start(Anything, {"model": {"kind": "forest"}, "data": "wine"}, seed=8)
    host.advance()
    assert host._trainable._fitting._growing.model.random_state == 8
    host = start(Anything, {"model": {"kind": "tree"}, "data": "wine"}, seed=8)
    host.advance()
    steps = host._trainable._fitting._growing.model.named_steps
    assert (steps["pca"].random_state, steps["decisiontreeclassifier"].random_state) == (8, 3)


def test_margins_do_where_there_are_no_probabilities() -> None:
    host = start(Anything, {"model": {"kind": "margins"}, "data": "wine", "steps": 1})
    metrics = host.advance() or {}
    data = load("wine")
    model = RidgeClassifier().fit(data.train_x, data.train_y)
    assert metrics["val/accuracy"] == model.score(data.valid_x, data.valid_y)
    assert np.isfinite(metrics["val/log_loss"])


@pytest.mark.parametrize(
    ("made", "config", "rule"),
    [
        (REDUCED, {"componets": 3}, "Reduced has no option 'componets'; did you mean components"),
        (REDUCED, {"components": "many"}, "components is of type int"),
        (REDUCED, {"steps": 0}, "steps is at least 1"),
        (Anything, {"model": {"kind": "number"}}, "Anything.build gave int, which cannot be trained"),
        (
            Anything,
            {"model": {"kind": "class"}},
            "gave the class RidgeClassifier itself; return one of it: RidgeC",
        ),
        (
            Anything,
            {"model": {"kind": "values"}},
            "gave Pipeline, a regressor, for data.task: classification",
        ),
    ],
)
def test_what_cannot_be_built(made: Any, config: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        start(made, {"data": "wine", **config})


def test_a_class_without_build_is_refused_before_a_trial() -> None:
    class Unbuilt(Pipelined):
        pass

    with pytest.raises(PlugError, match="class Unbuilt is abstract: it has no build"):
        resolve(Unbuilt)


def test_it_is_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\n"
        "from trainables.classical import Pipelined\n"
        "class Mine(Pipelined):\n"
        "    def build(self, options, task):\n"
        "        return GaussianNB(**options)\n"
    )
    host = Host(resolve("mine.py:Mine", tmp_path))
    host.start({"data": "wine", "var_smoothing": 1e-3}, seed=0)
    assert (host.advance() or {})["val/accuracy"] > 0.8
