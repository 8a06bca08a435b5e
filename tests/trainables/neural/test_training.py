"""The training loop: divergence and damage first, then that each option does exactly what its name says."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from trainables import CheckpointError
from trainables.data import Dataset, load
from trainables.neural.options import TRAINING
from trainables.neural.training import Training
from trainables.scoring import scores

EVERYTHING = {
    "optimizer": "adamw", "weight_decay": 0.01, "l1": 1e-4, "accumulate": 2, "mixup": 0.2, "label_smoothing": 0.1,
    "clip": 0.5, "schedule": "one_cycle", "schedule_every": "batch", "schedule_epochs": 6, "initializer": "orthogonal",
    "ema": 0.9, "early_stopping": 3, "precision": "bfloat16", "deterministic": True, "batch_size": 16, "lr": 0.02,
}  # fmt: skip


def linear(data: Dataset) -> nn.Module:
    return nn.Linear(data.shape[0], data.outputs)


def deep(data: Dataset) -> nn.Module:
    width = data.shape[0]
    return nn.Sequential(
        nn.Linear(width, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, data.outputs)
    )


def training(
    options: Mapping[str, Any],
    source: str = "wine",
    network: Any = linear,
    seed: int = 0,
    data: Dataset | None = None,
) -> Training:
    data = load(source) if data is None else data
    return Training(lambda: network(data), data, {**TRAINING, **options}, seed=seed, device="cpu")


def weights(trained: Training) -> torch.Tensor:
    return nn.utils.parameters_to_vector(trained._module.parameters()).detach().clone()


def same(first: Mapping[str, float], second: Mapping[str, float]) -> bool:
    """Equal but for what the clock measures; NaN equals NaN."""
    clocked = {"examples_per_second"}
    return first.keys() == second.keys() and all(
        first[name] == second[name] or (math.isnan(first[name]) and math.isnan(second[name]))
        for name in first.keys() - clocked
    )


# --- what goes wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("source", ["wine", "diabetes"])
def test_a_diverged_network_reports_nan(optimizer: str, source: str) -> None:
    def poisoned(data: Dataset) -> nn.Module:
        module = linear(data)
        nn.init.constant_(module.weight, math.nan)
        return module

    trained = training({"optimizer": optimizer, "early_stopping": 2}, source, poisoned)
    for _ in range(2):
        metrics = trained.epoch()
        assert math.isnan(metrics["val/loss"])
        assert math.isnan(metrics["val/accuracy" if source == "wine" else "val/rmse"])
        assert math.isnan(metrics["train/loss"])
    assert trained.over  # NaN is never better


def test_a_checkpoint_of_another_network_changes_nothing_silently(tmp_path: Path) -> None:
    training({}).save(tmp_path)
    with pytest.raises(CheckpointError, match=r"training.pt cannot be loaded"):
        training({}, network=deep).load(tmp_path)
    with pytest.raises(CheckpointError, match=r"training.pt cannot be loaded"):
        training({"ema": 0.9}).load(tmp_path)


# --- exact resume ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "lbfgs"])
@pytest.mark.parametrize("pause", [0, 1, 3])
def test_every_optimizer_goes_on_exactly(optimizer: str, pause: int, tmp_path: Path) -> None:
    options = {
        "optimizer": optimizer,
        "lr": 0.01,
        "schedule": "plateau",
        "schedule_patience": 1,
        "lbfgs_iterations": 3,
    }
    straight = training(options, network=deep)
    rows = [straight.epoch() for _ in range(5)]
    paused = training(options, network=deep)
    found = [paused.epoch() for _ in range(pause)]
    paused.save(tmp_path)
    other = training(options, network=deep, seed=99)
    other.load(tmp_path)
    found += [other.epoch() for _ in range(5 - pause)]
    assert all(map(same, rows, found))
    assert torch.equal(weights(straight), weights(other))


@pytest.mark.parametrize("pause", range(7))
def test_everything_at_once_goes_on_exactly(pause: int, tmp_path: Path) -> None:
    straight = training(EVERYTHING, network=deep)
    rows = [straight.epoch() for _ in range(7) if not straight.over]
    paused = training(EVERYTHING, network=deep)
    found = [paused.epoch() for _ in range(pause) if not paused.over]
    paused.save(tmp_path)
    other = training(EVERYTHING, network=deep, seed=99)
    other.load(tmp_path)
    while not other.over and len(found) < 7:
        found.append(other.epoch())
    assert len(rows) == len(found)
    assert all(map(same, rows, found))
    assert torch.equal(weights(straight), weights(other))


def test_what_is_resumed_may_be_drawn_before_it_trains(tmp_path: Path) -> None:
    first = training({"optimizer": "sgd"}, network=deep)
    first.epoch()
    first.save(tmp_path)
    second = training({"optimizer": "sgd"}, network=deep)
    second.load(tmp_path)
    assert np.array_equal(first.outputs(), second.outputs())
    assert same(first.epoch(), second.epoch())


# --- batches -----------------------------------------------------------------------------------------------------


def test_accumulated_batches_are_one_large_batch() -> None:
    """The same rows in the same order: 106 = 64 + 42, or (16 + 16 + 16 + 16) + (16 + 16 + 10)."""
    assert len(load("wine").train_x) == 106
    large = training({"optimizer": "sgd", "lr": 0.1, "batch_size": 64, "clip": 0.3, "l1": 0.01})
    small = training(
        {"optimizer": "sgd", "lr": 0.1, "batch_size": 16, "clip": 0.3, "l1": 0.01, "accumulate": 4}
    )
    for _ in range(3):
        first, second = large.epoch(), small.epoch()
        torch.testing.assert_close(weights(large), weights(small), rtol=1e-5, atol=1e-6)
        for name in ("train/loss", "val/loss", "grad_norm", "clipped"):
            assert first[name] == pytest.approx(second[name], rel=1e-4), name


def test_a_full_batch_is_plain_gradient_descent() -> None:
    trained = training({"optimizer": "sgd", "momentum": 0.0, "lr": 0.5, "batch_size": 0})
    module = copy.deepcopy(trained._module)
    data = load("wine")
    x, y = torch.tensor(data.train_x, dtype=torch.float32), torch.tensor(data.train_y)
    for _ in range(3):
        loss = nn.functional.cross_entropy(module(x), y)
        gradients = torch.autograd.grad(loss, list(module.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(module.parameters(), gradients, strict=True):
                parameter -= 0.5 * gradient
        metrics = trained.epoch()
        assert metrics["train/loss"] == pytest.approx(float(loss.detach()), rel=1e-5)
        norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
        assert metrics["grad_norm"] == pytest.approx(norm, rel=1e-4)
    expected = nn.utils.parameters_to_vector(module.parameters())
    torch.testing.assert_close(weights(trained), expected, rtol=1e-4, atol=1e-5)


def test_lbfgs_takes_all_rows_whatever_the_batches_and_finds_the_minimum() -> None:
    """The L2-penalised logistic regression has one minimum, which scikit-learn finds too."""
    from sklearn.linear_model import LogisticRegression

    data = load("wine")
    rows = len(data.train_x)
    penalty = 0.05
    train_x, valid_x = (
        np.hstack([x, np.ones((len(x), 1))]) for x in (data.train_x, data.valid_x)
    )  # a penalised bias
    model = LogisticRegression(C=1 / (penalty * rows), fit_intercept=False, tol=1e-8, max_iter=5000)
    expected = model.fit(train_x, data.train_y).predict_proba(valid_x)

    for size in (0, 32):
        options = {"optimizer": "lbfgs", "lr": 1.0, "batch_size": size, "weight_decay": penalty}
        trained = training(options)
        for _ in range(6):
            trained.epoch()
        np.testing.assert_allclose(trained.outputs(), expected, atol=1e-3)


def test_lbfgs_with_dropout_repeats() -> None:
    options = {"optimizer": "lbfgs", "lr": 0.5, "lbfgs_iterations": 4}
    runs = [[training(options, network=deep, seed=3).epoch() for _ in range(2)] for _ in range(2)]
    assert all(map(same, runs[0], runs[1]))


def test_the_order_of_the_rows_follows_the_seed_and_the_epoch() -> None:
    data = load("wine")
    seen: list[list[int]] = []

    class Watching(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.training:
                seen.append(
                    [int(np.abs(data.train_x - row.double().numpy()).sum(axis=1).argmin()) for row in x]
                )
            return super().forward(x)

    def watching(data: Dataset) -> nn.Module:
        return Watching(data.shape[0], data.outputs)

    for seed in (0, 0, 1):
        trained = training({"batch_size": 0}, network=watching, seed=seed)
        trained.epoch(), trained.epoch()
    assert all(sorted(rows) == list(range(106)) for rows in seen)
    assert seen[0] == seen[2]
    assert seen[1] == seen[3]
    assert len({tuple(rows) for rows in seen}) == 4


# --- regularisation ----------------------------------------------------------------------------------------------


def test_l1_pulls_every_weight_towards_zero_alike() -> None:
    moved = []
    for l1 in (0.0, 0.2):
        trained = training({"optimizer": "sgd", "momentum": 0.0, "lr": 0.1, "batch_size": 0, "l1": l1})
        before = weights(trained)
        trained.epoch()
        moved.append(weights(trained) - before)
    torch.testing.assert_close(moved[1] - moved[0], -0.1 * 0.2 * before.sign(), rtol=1e-3, atol=1e-6)


def test_lbfgs_minimises_the_penalised_loss() -> None:
    """Plain gradient descent with the same L1 and L2 terms comes to the same value, a hundred times slower."""
    l1, l2 = 0.02, 0.05
    found = []
    for options, epochs in (({"optimizer": "lbfgs", "lr": 1.0}, 8), ({"optimizer": "sgd", "lr": 0.1}, 400)):
        trained = training({**options, "batch_size": 0, "l1": l1, "weight_decay": l2})
        for _ in range(epochs):
            row = trained.epoch()
        w = weights(trained)
        found.append(row["train/loss"] + l1 * float(w.abs().sum()) + l2 / 2 * float(w.square().sum()))
    assert found[0] == pytest.approx(found[1], rel=0.01)


def test_weight_decay_is_an_l2_term_but_for_adamw() -> None:
    def step(**options: Any) -> torch.Tensor:
        trained = training({"batch_size": 0, "momentum": 0.0, "lr": 0.1, **options})
        before = weights(trained)
        trained.epoch()
        return weights(trained) - before

    first = weights(training({}))
    plain, decayed = step(optimizer="sgd"), step(optimizer="sgd", weight_decay=0.3)
    torch.testing.assert_close(decayed - plain, -0.1 * 0.3 * first, rtol=1e-3, atol=1e-6)
    plain, decayed = step(optimizer="adamw"), step(optimizer="adamw", weight_decay=0.3)
    torch.testing.assert_close(decayed - plain, -0.1 * 0.3 * first, rtol=1e-3, atol=1e-6)
    assert not torch.allclose(
        step(optimizer="adam", weight_decay=0.3) - step(optimizer="adam"), -0.1 * 0.3 * first, atol=1e-4
    )


def test_clipping_shortens_long_gradients_only() -> None:
    options = {"optimizer": "sgd", "momentum": 0.0, "lr": 1.0, "batch_size": 0}
    free = training({**options, "clip": 1e6})
    norm = free.epoch()
    assert norm["clipped"] == 0.0
    cut = training({**options, "clip": 0.01})
    before = weights(cut)
    metrics = cut.epoch()
    assert metrics["clipped"] == 1.0
    assert metrics["grad_norm"] == pytest.approx(norm["grad_norm"])
    assert float((weights(cut) - before).norm()) == pytest.approx(0.01, rel=1e-3)
    assert "clipped" not in training({}).epoch()


def test_label_smoothing_counts_in_training_only() -> None:
    """Of an untrained network that says the same of all classes, smoothing changes nothing; later it keeps logits small."""
    plain, smooth = (training({"lr": 0.05, "label_smoothing": share}) for share in (0.0, 0.3))
    for _ in range(15):
        plain_row, smooth_row = plain.epoch(), smooth.epoch()
    assert smooth_row["train/loss"] > plain_row["train/loss"]
    assert smooth.outputs().max() < plain.outputs().max()
    data = load("wine")
    assert smooth_row["val/loss"] == pytest.approx(
        scores("classification", smooth.outputs(), data.valid_y)["log_loss"], rel=1e-5
    )


@pytest.mark.parametrize("source", ["wine", "diabetes"])
def test_mixup_blends_rows_and_their_targets(source: str) -> None:
    data = load(source)
    seen: list[torch.Tensor] = []

    class Watching(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.training:
                seen.append(x.detach().clone())
            return super().forward(x)

    trained = training(
        {"mixup": 0.4, "batch_size": 0}, source, lambda data: Watching(data.shape[0], data.outputs)
    )
    metrics = trained.epoch()
    rows = torch.tensor(data.train_x, dtype=torch.float32)
    torch.testing.assert_close(
        seen[0].mean(dim=0), rows.mean(dim=0), rtol=1e-4, atol=1e-4
    )  # each row blends in once
    assert float(seen[0].var()) < float(rows.var())
    assert "train/accuracy" not in metrics


# --- the weights' average, early stopping, the end -------------------------------------------------------------------


def test_the_moving_average_is_what_is_validated() -> None:
    decay = 0.7
    trained = training({"optimizer": "sgd", "lr": 0.3, "ema": decay, "batch_size": 32})
    average = weights(trained)
    original = trained._schedule.batch

    def after_update() -> None:
        nonlocal average
        average = decay * average + (1 - decay) * weights(trained)
        original()

    trained._schedule.batch = after_update  # type: ignore[method-assign]
    for _ in range(3):
        metrics = trained.epoch()
    assert trained._ema is not None
    torch.testing.assert_close(nn.utils.parameters_to_vector(trained._ema.module.parameters()), average)
    data = load("wine")
    logits = trained._ema.module(torch.tensor(data.valid_x, dtype=torch.float32))
    loss = nn.functional.cross_entropy(logits, torch.tensor(data.valid_y))
    assert metrics["val/loss"] == pytest.approx(float(loss.detach()), rel=1e-5)
    assert not torch.allclose(average, weights(trained), atol=1e-3)


@pytest.mark.parametrize("ema", [0.0, 0.5])
def test_early_stopping_puts_the_best_weights_back_and_ends(ema: float) -> None:
    options = {"optimizer": "adam", "lr": 0.3, "early_stopping": 4, "ema": ema}
    trained = training(options, "diabetes", deep)
    rows = []
    while not trained.over:
        rows.append(trained.epoch())
        assert len(rows) < 200
    losses = [row["val/loss"] for row in rows[:-1]]
    best = int(np.argmin(losses))
    assert len(rows) == best + 1 + 4
    assert rows[-1]["val/loss"] == pytest.approx(losses[best], rel=1e-6)
    assert rows[-1]["val/rmse"] == pytest.approx(rows[best]["val/rmse"], rel=1e-6)


def test_the_last_of_the_epochs_has_the_best_weights_too() -> None:
    options = {"optimizer": "adam", "lr": 0.3, "early_stopping": 50, "epochs": 12}
    trained = training(options, "diabetes", deep)
    losses = [trained.epoch()["val/loss"] for _ in range(12)]
    assert trained.over
    assert losses[-1] == pytest.approx(min(losses), rel=1e-6)
    free = training({**options, "early_stopping": 0}, "diabetes", deep)
    assert [free.epoch()["val/loss"] for _ in range(11)] == losses[:11]


# --- precision, determinism, augmentation ------------------------------------------------------------------------


def test_bfloat16_computes_coarsely_and_keeps_float32_weights() -> None:
    coarse, fine = (
        training({"precision": name, "lr": 0.01}, network=deep) for name in ("bfloat16", "float32")
    )
    first, second = coarse.epoch(), fine.epoch()
    assert first["train/loss"] != second["train/loss"]
    assert first["train/loss"] == pytest.approx(second["train/loss"], rel=0.05)
    assert {p.dtype for p in coarse._module.parameters()} == {torch.float32}


def test_determinism_is_switched_on_for_its_own_steps_only() -> None:
    seen = []

    class Watching(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(torch.are_deterministic_algorithms_enabled())
            return super().forward(x)

    training({"deterministic": True}, network=lambda data: Watching(data.shape[0], data.outputs)).epoch()
    assert all(seen)
    assert not torch.are_deterministic_algorithms_enabled()


def test_augmentation_changes_training_rows_only() -> None:
    section = {"source": "digits", "limit": 200}
    plain = load(section, "images")
    strong = load({**section, "augmentation": {"strength": 1.0}}, "images")

    def network(data: Dataset) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, data.outputs))

    runs = [training({"optimizer": "sgd"}, network=network, data=data) for data in (plain, strong, strong)]
    rows = [[each.epoch() for _ in range(2)] for each in runs]
    assert rows[0][0]["train/loss"] != rows[1][0]["train/loss"]
    assert all(map(same, rows[1], rows[2]))
    assert np.array_equal(plain.valid_x, strong.valid_x)


# --- what is measured --------------------------------------------------------------------------------------------


def test_metrics_are_the_scores_of_the_outputs() -> None:
    for source in ("wine", "diabetes"):
        trained = training({"lr": 0.01}, source, deep)
        trained.epoch()
        metrics, data = trained.epoch(), load(source)
        for name, value in scores(data.task, trained.outputs(), data.valid_y).items():
            assert metrics[f"val/{name}"] == pytest.approx(value), name
        assert {"train/loss", "val/loss", "lr", "grad_norm", "examples_per_second"} <= set(metrics)
    assert trained.outputs().shape == (len(data.valid_y), 1)


def test_training_accuracy_is_that_of_the_outputs_while_training() -> None:
    data = load("wine")
    trained = training({"lr": 0.0, "optimizer": "sgd", "batch_size": 10})
    metrics = trained.epoch()
    logits = trained._module(torch.tensor(data.train_x, dtype=torch.float32)).detach().numpy()
    assert metrics["train/accuracy"] == pytest.approx((logits.argmax(axis=1) == data.train_y).mean())
    loss = nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(data.train_y))
    assert metrics["train/loss"] == pytest.approx(float(loss.detach()), rel=1e-5)


def test_forecasts_of_several_values_are_standardised_each_for_itself() -> None:
    data = load("diabetes")
    several = replace(
        data,
        task="forecasting",
        train_y=np.stack([data.train_y, 1000 * data.train_y], axis=1),
        valid_y=np.stack([data.valid_y, 1000 * data.valid_y], axis=1),
    )
    trained = training({"optimizer": "lbfgs", "lr": 1.0}, data=several)
    for _ in range(3):
        metrics = trained.epoch()
    outputs = trained.outputs()
    assert outputs.shape == several.valid_y.shape
    np.testing.assert_allclose(outputs[:, 1], 1000 * outputs[:, 0], rtol=0.02)
    assert metrics["val/r2"] > 0.3


def test_parts_may_be_frozen_and_thawed_between_epochs() -> None:
    data = load("wine")

    def before(module: nn.Module, epochs: int) -> None:
        module[0].requires_grad_(epochs >= 2)

    trained = Training(lambda: deep(data), data, TRAINING, seed=0, device="cpu", before_epoch=before)
    first = [trained._module[0].weight.detach().clone()]
    for _ in range(3):
        trained.epoch()
        first.append(trained._module[0].weight.detach().clone())
    assert torch.equal(first[0], first[2])
    assert not torch.equal(first[2], first[3])


def test_every_epoch_says_what_the_network_weighs() -> None:
    trained = training({})
    features, classes = 13, 3
    assert trained.epoch()["parameters"] == features * classes + classes
