"""Gradient boosting on histograms (scikit-learn), a few rounds a step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainables.base import Declaration, Trainable
from trainables.data import load
from trainables.errors import CheckpointError, TrainableError
from trainables.options import read_options
from trainables.supervised import declaration_for

__all__ = ["Boosting"]

CHECKPOINT = "boosting.json"

DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.1,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 20,
    "l2_regularization": 0.0,
    "max_features": 1.0,
    "max_bins": 255,
    "rounds_per_step": 5,
}

SPACE: dict[str, Any] = {
    "learning_rate": {"min": 0.01, "max": 0.5, "distribution": "log_uniform_values"},
    "max_leaf_nodes": {"min": 4, "max": 64},
    "min_samples_leaf": {"min": 1, "max": 50},
    "l2_regularization": {"min": 1e-6, "max": 10.0, "distribution": "log_uniform_values"},
    "max_features": {"min": 0.2, "max": 1.0},
}


class Boosting(Trainable):
    """scikit-learn's HistGradientBoosting, grown by ``rounds_per_step`` (5) rounds a step.

    Its other options are scikit-learn's own: ``learning_rate`` (0.1), ``max_leaf_nodes`` (31),
    ``min_samples_leaf`` (20), ``l2_regularization`` (0), ``max_features`` (1.0, the share of features tried at
    a split), ``max_bins`` (255). A round grows one tree; one for each class where there are more than two.

    Metrics: "train/loss", "val/loss" (cross entropy, or mean squared error), "val/accuracy" or, for a
    regression, "val/rmse" in the target's own unit.

    A checkpoint holds no model but the number of its rounds: `load` fits them again from the same data,
    config and seed, which gives the same trees. That costs their time once, needs no pickle, and outlives a
    change of scikit-learn's internals; it is why data and config must be those of `save`.
    """

    declared = Declaration(
        metric="val/accuracy",
        goal="maximize",
        step_unit="5 rounds",
        max_steps=27,
        parameters=SPACE,
        data="digits",
    )

    @classmethod
    def declare(cls, data: Mapping[str, Any] | None) -> Declaration:
        """As `declared`, but a regression minimises "val/rmse"."""
        return declaration_for(cls.declared, data)

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        """Load the data; the device is not used.

        Raises:
            TrainableError: an unknown option.
            DataError: the data cannot be read.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        options = read_options(config, DEFAULTS, "boosting")
        self._rounds_per_step: int = options.pop("rounds_per_step")
        if self._rounds_per_step < 1:
            raise TrainableError(f"boosting: rounds_per_step is at least 1, not {self._rounds_per_step}")
        self._data = load(config.get("data") or "digits")
        kinds = {
            "classification": HistGradientBoostingClassifier,
            "regression": HistGradientBoostingRegressor,
        }
        self._model: Any = kinds[self._data.task](
            **options, warm_start=True, early_stopping=False, random_state=seed
        )
        self._rounds = 0

    def step(self) -> Mapping[str, float]:
        """Grow the next rounds and measure."""
        self._fit(self._rounds + self._rounds_per_step)
        d = self._data
        if d.task == "regression":
            train_loss = np.mean((self._model.predict(d.train_x) - d.train_y) ** 2)
            loss = float(np.mean((self._model.predict(d.valid_x) - d.valid_y) ** 2))
            return {"train/loss": float(train_loss), "val/loss": loss, "val/rmse": loss**0.5}
        odds = self._model.predict_proba(d.valid_x)
        return {
            "train/loss": _cross_entropy(self._model.predict_proba(d.train_x), d.train_y),
            "val/loss": _cross_entropy(odds, d.valid_y),
            "val/accuracy": float(np.mean(odds.argmax(axis=1) == d.valid_y)),
        }

    def save(self, directory: Path) -> None:
        """Write the number of rounds."""
        (directory / CHECKPOINT).write_text(json.dumps({"rounds": self._rounds}))

    def load(self, directory: Path) -> None:
        """Fit as many rounds as there were.

        Raises:
            CheckpointError: the file is missing or cut.
        """
        file = directory / CHECKPOINT
        try:
            rounds = int(json.loads(file.read_text())["rounds"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{file} cannot be read: {error}") from error
        if rounds:
            self._fit(rounds)

    def _fit(self, rounds: int) -> None:
        self._model.set_params(max_iter=rounds).fit(self._data.train_x, self._data.train_y)
        self._rounds = rounds


def _cross_entropy(odds: Any, y: Any) -> float:
    """Mean negative log probability of the true classes, in nats; certainty is capped at 1 - 1e-15."""
    return float(-np.log(np.clip(odds[np.arange(len(y)), y], 1e-15, 1.0)).mean())
