"""The examples of tables, in full: what they promise to find."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tuneyard
from spaces import nest
from trainables import Host, resolve

Call = Callable[..., Any]

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A copy of the examples, far from the repository."""
    return Path(
        shutil.copytree(EXAMPLES, tmp_path / "mine", ignore=shutil.ignore_patterns("__pycache__", "runs"))
    )


@pytest.mark.slow
def test_a_choice_among_estimators_on_missing_values_and_labels_ends_with_a_good_one(
    call: Call, examples: Path
) -> None:
    pytest.importorskip("palmerpenguins", reason="penguins comes with the package palmerpenguins")
    done = call("run", examples / "tabular.yaml", "--runner", "inline", "--json")
    assert done.code == 0, done.err
    assert done.json["trials"]["total"] == 40
    run = tuneyard.Run.open("tabular")
    asked = {trial.config["estimator"] for trial in run.history.trials}
    assert asked == {"logistic", "knn", "naive_bayes", "decision_tree", "random_forest", "gradient_boosting"}
    best = run.best
    assert best is not None
    assert best.value < 0.25
    assert best.config["estimator"] in ("logistic", "random_forest", "gradient_boosting")
    metrics = _whole("classical", nest(best.config))
    assert metrics["val/accuracy"] > 0.87
    assert metrics["val/roc_auc"] > 0.95


@pytest.mark.slow
def test_asha_spends_less_than_half_of_the_rounds(call: Call, examples: Path) -> None:
    done = call("run", examples / "boosting_asha.yaml", "--runner", "inline", "--json")
    assert done.code == 0, done.err
    assert done.json["best"]["value"] >= 0.96
    assert done.json["steps_total"] < 40 * 27 / 2


@pytest.mark.slow
def test_rows_come_out_of_a_database(call: Call, examples: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="databases are read through the package sqlalchemy")
    runpy.run_path(str(examples / "sql.py"))["make"](examples)
    done = call("run", examples / "sql.yaml", "--runner", "inline", "--json")
    assert done.code == 0, done.err
    assert done.json["best"]["value"] >= 0.95


@pytest.mark.slow
def test_a_pipeline_of_the_users_own(call: Call, examples: Path) -> None:
    done = call("run", examples / "sklearn_pipeline.yaml", "--runner", "inline", "-n", 8, "--json")
    assert done.code == 0, done.err
    assert done.json["trials"]["failed"] == 0
    assert done.json["best"]["value"] >= 0.95


@pytest.mark.parametrize("name", ["classical", "boosting", "xgboost", "lightgbm"])
def test_two_lines_are_a_sweep(call: Call, name: str) -> None:
    if name in ("xgboost", "lightgbm"):
        pytest.importorskip(name, reason=f"{name} is optional: pip install 'tuneyard[boosting]'")
    Path("two.yaml").write_text(f"trainable: {name}\ndata: wine\n")
    done = call("run", "two.yaml", "--runner", "inline", "-n", 2, "--json")
    assert done.code == 0, done.err
    assert done.json["trials"]["failed"] == 0


def _whole(name: str, config: Any) -> dict[str, float]:
    """The metrics of the last step of a trial."""
    host = Host(resolve(name))
    host.start(config, seed=0)
    metrics: dict[str, float] = {}
    while (row := host.advance()) is not None:
        metrics = row
    return metrics
