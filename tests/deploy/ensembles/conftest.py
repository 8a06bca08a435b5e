"""One real run for all tests of ensembles: classifiers of scikit-learn on real data, trained once."""

from __future__ import annotations

from pathlib import Path

import pytest

from search import Sweep
from search.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Nine trials of different estimators on wine."""
    return _run(tmp_path_factory.mktemp("wine"), "wine", ["logistic", "knn", "naive_bayes", "decision_tree"])


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Nine trials of different estimators on diabetes, whose target is a number."""
    return _run(tmp_path_factory.mktemp("diabetes"), "diabetes", ["ridge", "knn", "decision_tree"])


def _run(folder: Path, data: str, estimators: list[str]) -> Run:
    return Sweep(
        trainable="classical",
        data={"source": data, "split": {"valid": 0.4, "test": 0.1}},
        parameters={
            "estimator": {"values": estimators},
            "knn": {"n_neighbors": {"values": [1, 5, 25], "when": {"estimator": "knn"}}},
        },
        method="random",
        max_steps=1,
        run_cap=9,
        seed=1,
        name="wine",
        storage=str(folder),
        runner="inline",
    ).run()
