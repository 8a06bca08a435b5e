"""XGBoost and LightGBM through their own interfaces: continued exactly, and readable by the libraries themselves."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables import CheckpointError, Host, TrainableError, resolve
from trainables.data import load

SAMPLED: dict[str, dict[str, Any]] = {
    "xgboost": {
        "subsample": 0.6,
        "colsample_bytree": 0.7,
        "colsample_bylevel": 0.7,
        "colsample_bynode": 0.7,
        "rounds_per_step": 3,
    },
    "lightgbm": {
        "bagging_fraction": 0.6,
        "feature_fraction": 0.5,
        "extra_trees": True,
        "min_data_in_leaf": 3,
        "rounds_per_step": 3,
    },
}
AHEAD = {"source": "co2", "limit": 150, "features": {"horizon": 3, "window": 8}}
DATA = ["wine", "breast_cancer", "diabetes", AHEAD]


@pytest.fixture(params=["xgboost", "lightgbm"])
def name(request: pytest.FixtureRequest) -> str:
    found = str(request.param)
    pytest.importorskip(found, reason=f"{found} is optional: pip install 'tuneyard[boosting]'")
    return found


def start(name: str, config: dict[str, Any], **more: Any) -> Host:
    host = Host(resolve(name))
    host.start(config, seed=5, **more)
    return host


@pytest.mark.parametrize("data", DATA, ids=["three", "two", "number", "numbers"])
def test_it_goes_on_from_a_checkpoint_exactly_where_rows_and_columns_are_sampled(
    name: str, data: Any, tmp_path: Path
) -> None:
    if data == AHEAD and importlib.util.find_spec("statsmodels") is None:
        pytest.skip("co2 comes with the package statsmodels, which is not installed")
    config = {"data": data, **SAMPLED[name]}
    straight = start(name, config)
    rows = [straight.advance() for _ in range(8)]
    host = start(name, config)
    for step in range(8):  # saved, closed and loaded after every step
        assert host.advance() == rows[step]
        place = tmp_path / str(step)
        place.mkdir()
        host.save(place)
        host = start(name, config, checkpoint=place, from_step=step + 1)


@pytest.mark.parametrize("data", ["wine", "breast_cancer", "diabetes"])
def test_the_library_reads_the_model_and_predicts_the_same(name: str, data: str, tmp_path: Path) -> None:
    host = start(name, {"data": data, **SAMPLED[name]})
    for _ in range(5):
        host.advance()
    host.save(tmp_path)
    d = load(data)
    if name == "xgboost":
        import xgboost

        booster: Any = xgboost.Booster(model_file=tmp_path / "xgboost.json")
        assert booster.num_boosted_rounds() == 15
        odds = booster.predict(xgboost.DMatrix(d.valid_x))
    else:
        import lightgbm

        booster = lightgbm.Booster(model_file=tmp_path / "lightgbm-0.txt")
        assert booster.current_iteration() == 15
        odds = booster.predict(d.valid_x)
    if d.n_classes == 2:
        odds = np.column_stack([1 - odds, odds])
    np.testing.assert_allclose(host._trainable._forest.valid, odds, rtol=1e-4, atol=1e-6)


def test_without_sampling_the_steps_make_the_model_of_one_go(name: str) -> None:
    """On a step's boundary nothing happens to the trees."""
    d = load("breast_cancer")
    host = start(name, {"data": "breast_cancer", "rounds_per_step": 5})
    for _ in range(6):
        host.advance()
    if name == "xgboost":
        import xgboost

        train = xgboost.QuantileDMatrix(d.train_x, d.train_y, nthread=1)
        parameters = {"objective": "binary:logistic", "learning_rate": 0.1, "nthread": 1}
        expected = xgboost.train(parameters, train, 30).predict(xgboost.DMatrix(d.valid_x))
    else:
        import lightgbm

        parameters = {"objective": "binary", "verbosity": -1, "num_threads": 1, "deterministic": True}
        expected = lightgbm.train(parameters, lightgbm.Dataset(d.train_x, d.train_y), 30).predict(d.valid_x)
    np.testing.assert_allclose(host._trainable._forest.valid[:, 1], expected, rtol=1e-4, atol=1e-6)


def test_rounds_that_find_no_split_are_counted_as_they_are(tmp_path: Path) -> None:
    pytest.importorskip("lightgbm", reason="lightgbm is optional: pip install 'tuneyard[boosting]'")
    config = {"data": {"source": "wine", "limit": 40}, "min_data_in_leaf": 15, "min_gain_to_split": 5.0}
    straight = start("lightgbm", config)
    rows = [straight.advance() for _ in range(6)]
    host = start("lightgbm", config)
    for _ in range(4):
        host.advance()
    host.save(tmp_path)
    (counts,) = json.loads((tmp_path / "lightgbm.json").read_text())
    assert len(counts) == 4
    assert min(counts) < 10
    host = start("lightgbm", config, checkpoint=tmp_path)
    assert [host.advance() for _ in range(2)] == rows[4:]


def test_a_damaged_model(name: str, tmp_path: Path) -> None:
    host = start(name, {"data": "wine"})
    host.advance()
    host.save(tmp_path)
    file = next(path for path in tmp_path.iterdir() if path.name in ("xgboost.json", "lightgbm-0.txt"))
    file.write_text(file.read_text()[:200])
    with pytest.raises(CheckpointError, match="cannot be read"):
        start(name, {"data": "wine"}, checkpoint=tmp_path)
    file.unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        start(name, {"data": "wine"}, checkpoint=tmp_path)


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        ({"rounds_per_step": 0}, "rounds_per_step is at least 1, not 0"),
        ({"learning_rat": 0.1}, "no option 'learning_rat'; did you mean learning_rate"),
        ({"data": {"source": "digits", "task": "generation"}}, "generation"),
    ],
)
def test_wrong_options(name: str, config: dict[str, Any], rule: str) -> None:
    with pytest.raises((TrainableError, ValueError), match=rule):
        start(name, {"data": "wine", **config})


def test_a_missing_library_is_named_with_its_install_command(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(TrainableError, match=r"pip install 'tuneyard\[boosting\]'"):
        resolve(name).declaration("wine")
