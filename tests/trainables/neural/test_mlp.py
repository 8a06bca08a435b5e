"""The perceptron: wrong options, divergence, damaged checkpoints, and what it reaches on digits."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from contracts.trainable import Case, LearnerContract
from spaces import nest, parse_parameters
from trainables import CheckpointError, Host, TrainableError, resolve
from trainables.data import load


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def start(config: dict[str, Any], **more: Any) -> Host:
    host = Host(resolve("mlp"))
    host.start({"data": "wine", **config}, **{"seed": 0, **more})
    return host


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        ({"learning_rate": 0.1}, "mlp has no option 'learning_rate'; known: "),
        ({"model": {"widht": 8}}, "no option 'model.widht'; did you mean model.width?"),
        ({"optimizer": "adm"}, "optimizer cannot be 'adm'; did you mean adam"),
        ({"activation": "rely"}, "no activation 'rely'; did you mean relu"),
        ({"lr": -1.0}, "mlp: lr is at least 0, not -1.0"),
        ({"batch_size": -1}, "batch_size is at least 0, not -1"),
        ({"dropout": 1.0}, "dropout is at least 0 and below 1, not 1.0"),
        ({"model": {"depth": 0}}, "at least 1, not 128 and 0"),
        ({"model": {"width": 8.5}}, "model.width is of type int"),
        ({"model": {"norm": "bach"}}, r"no norm 'bach'; did you mean batch\?"),
        ({"dropconnect": -0.1}, "dropconnect is at least 0 and below 1, not -0.1"),
        ({"data": "diabetes", "label_smoothing": 0.1}, "spreads probability over classes; diabetes has none"),
    ],
)
def test_wrong_options(config: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        start(config)


def test_a_diverged_network_has_no_accuracy() -> None:
    host = start({"optimizer": "sgd", "lr": 1e30})
    rows = [host.advance() or {} for _ in range(2)]
    assert all(math.isnan(rows[-1][name]) for name in ("train/loss", "val/loss", "val/accuracy"))


def test_a_checkpoint_that_is_cut_or_of_another_network(tmp_path: Path) -> None:
    host = start({})
    host.advance()
    host.save(tmp_path)
    with pytest.raises(CheckpointError, match="size mismatch"):
        start({"model": {"width": 16}}, checkpoint=tmp_path)
    file = tmp_path / "training.pt"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"training.pt cannot be loaded"):
        start({}, checkpoint=tmp_path)


def test_a_checkpoint_executes_nothing(tmp_path: Path) -> None:
    """What a pickle would run on loading is refused by weights_only."""
    host = start({})
    host.save(tmp_path)

    class Payload:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "executed",)

    torch.save({"module": Payload()}, tmp_path / "training.pt")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        start({}, checkpoint=tmp_path)
    assert not (tmp_path / "executed").exists()


def test_the_global_generator_stays_as_it_was() -> None:
    host = start({"dropout": 0.5})
    before = torch.get_rng_state()
    host.advance()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("threads", "environment", "expected"), [(0, None, 1), (0, "2", 2), (2, "1", 2)])
def test_threads(
    threads: int, environment: str | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", environment)
    start({"threads": threads})
    assert torch.get_num_threads() == expected


def test_it_ends_by_itself_after_its_epochs_also_when_resumed(tmp_path: Path) -> None:
    host = start({"epochs": 2})
    host.advance()
    host.save(tmp_path)
    host = start({"epochs": 2}, checkpoint=tmp_path)
    assert host.advance() is not None
    assert host.advance() is None
    assert host.step == 2


def test_it_ends_by_itself_when_stopped_early_also_when_resumed(tmp_path: Path) -> None:
    config = {"data": "diabetes", "lr": 0.05, "early_stopping": 3}
    host, last = start(config), {}
    while (metrics := host.advance()) is not None:
        last = metrics
    host.save(tmp_path)
    assert host.step < 100
    again = start(config, checkpoint=tmp_path)
    assert again.step == host.step
    assert again.advance() is None
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    again.draw(drawn)
    assert json.loads((drawn / "evaluation.json").read_text())["scores"]["rmse"] == pytest.approx(
        last["val/rmse"]
    )


def test_one_layer_follows_the_closed_form() -> None:
    """One full batch of plain gradient descent on zero-dropout data lowers the loss to first order by lr |g|^2."""
    rows = []
    for lr in (1e-4, 2e-4):
        host = start({"optimizer": "sgd", "momentum": 0.0, "lr": lr, "dropout": 0.0, "batch_size": 1000})
        rows.append([host.advance() or {} for _ in range(2)])
    for lr, (first, second) in zip((1e-4, 2e-4), rows, strict=True):
        fall = first["train/loss"] - second["train/loss"]
        assert fall == pytest.approx(lr * first["grad_norm"] ** 2, rel=0.02)


@pytest.mark.parametrize(
    ("source", "metric", "bound"), [("breast_cancer", "val/accuracy", 0.95), ("wine", "val/accuracy", 0.95)]
)
def test_it_learns_classes(source: str, metric: str, bound: float) -> None:
    host = start({"data": source, "lr": 3e-3})
    assert max((host.advance() or {})[metric] for _ in range(27)) >= bound


def test_it_learns_numbers_in_their_own_unit() -> None:
    host = start({"data": "diabetes"})
    best = min((host.advance() or {})["val/rmse"] for _ in range(27))
    assert best < 0.85 * float(load("diabetes").valid_y.std())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_tuned_one_reads_digits(seed: int) -> None:
    tuned = {"optimizer": "adamw", "lr": 3e-3, "schedule": "cosine", "label_smoothing": 0.1, "dropout": 0.3}
    host = start({"data": "digits", "model": {"width": 256}, **tuned}, seed=seed)
    assert max((host.advance() or {})["val/accuracy"] for _ in range(27)) >= 0.97


@pytest.mark.parametrize(
    ("source", "package", "bound"),
    [("digits", None, 0.7), ("trace", "tslearn", 0.5), ("penguins", "palmerpenguins", 0.85)],
)
def test_it_reads_every_kind_of_data(source: str, package: str | None, bound: float) -> None:
    if package is not None:
        pytest.importorskip(package, reason=f"{source} comes with the package {package}")
    host = start({"data": {"source": source, "limit": 300}})
    assert max((host.advance() or {})["val/accuracy"] for _ in range(6)) > bound


def test_it_reads_texts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = {"good": ["fine", "great", "lovely", "the", "a"], "bad": ["poor", "dull", "awful", "the", "a"]}
    rows = [(label, " ".join(rng.choice(words[label], 5))) for label in words for _ in range(60)]
    (tmp_path / "texts.csv").write_text("label,text\n" + "".join(f"{label},{text}\n" for label, text in rows))
    host = start({"data": {"source": str(tmp_path / "texts.csv"), "target": "label", "modality": "text"}})
    assert max((host.advance() or {})["val/accuracy"] for _ in range(10)) > 0.9


def test_it_forecasts_several_values_ahead() -> None:
    pytest.importorskip("statsmodels", reason="co2 comes with the package statsmodels")
    host = start({"data": {"source": "co2", "limit": 500, "features": {"window": 26, "horizon": 3}}})
    assert max((host.advance() or {})["val/r2"] for _ in range(8)) > 0.5


def test_it_declares_the_default_of_every_option() -> None:
    declared = resolve("mlp").declaration("wine")
    assert declared.defaults["lr"] == 1e-3
    assert set(parse_parameters(declared.parameters).names) <= set(declared.defaults)
    start(nest(dict(declared.defaults)))


class TestLearner(LearnerContract):
    @pytest.fixture(
        params=[
            Case("mlp", {"data": source}, diverging={"optimizer": "sgd", "lr": 1e30}, seeded=True)
            for source in ("wine", "diabetes")
        ],
        ids=str,
    )
    def case(self, request: pytest.FixtureRequest) -> Case:
        found = request.param
        assert isinstance(found, Case)
        return found
