"""Gradient boosting on histograms (scikit-learn), a few rounds a step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from trainables.base import Declaration
from trainables.classical.growth import Columns
from trainables.classical.measure import Floats, outputs
from trainables.classical.rounds import Forest, Rounds
from trainables.data import Dataset
from trainables.errors import CheckpointError
from trainables.options import Rule

__all__ = ["Boosting"]

FOREST = "boosting.json"


class Boosting(Rounds):
    """scikit-learn's HistGradientBoosting, grown by ``rounds_per_step`` (5) rounds a step.

    Its other options are scikit-learn's own: ``learning_rate`` (0.1), ``max_leaf_nodes`` (31),
    ``min_samples_leaf`` (20), ``l2_regularization`` (0), ``max_features`` (1.0, the share of features tried at
    a split), ``max_bins`` (255). A round grows one tree; one for each class where there are more than two. Of several
    values a row, each has a model of its own.

    Metrics: see `trainables.classical.measure.metrics`.

    A checkpoint holds no model but the number of its rounds: `load` fits them again from the same data,
    config and seed, which gives the same trees. That costs their time once, needs no pickle, and outlives a
    change of scikit-learn's internals; it is why data and config must be those of `save`.
    """

    name = "boosting"
    package = "sklearn"
    defaults: ClassVar[Mapping[str, Any]] = {
        "learning_rate": 0.1,
        "max_leaf_nodes": 31,
        "min_samples_leaf": 20,
        "l2_regularization": 0.0,
        "max_features": 1.0,
        "max_bins": 255,
        "rounds_per_step": 5,
    }
    rules: ClassVar[Mapping[str, Rule]] = {"rounds_per_step": Rule(low=1)}
    declared = Declaration(
        metric="val/accuracy",
        goal="maximize",
        step_unit="5 rounds",
        max_steps=27,
        parameters={
            "learning_rate": {"min": 0.01, "max": 0.5, "distribution": "log_uniform_values"},
            "max_leaf_nodes": {"min": 4, "max": 64},
            "min_samples_leaf": {"min": 1, "max": 50},
            "l2_regularization": {"min": 1e-6, "max": 10.0, "distribution": "log_uniform_values"},
            "max_features": {"min": 0.2, "max": 1.0},
        },
        data="digits",
    )

    def begin(self, data: Dataset, options: Mapping[str, Any], seed: int) -> Forest:
        """A forest without trees."""
        return _HistogramForest(data, options, seed)


class _HistogramForest(Forest):
    """`seed` of the trial is all that scikit-learn takes: it seeds the rounds of a step itself."""

    def __init__(self, data: Dataset, options: Mapping[str, Any], seed: int) -> None:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        own = {name: value for name, value in options.items() if name != "rounds_per_step"}
        made = HistGradientBoostingClassifier if data.n_classes else HistGradientBoostingRegressor

        def one() -> Any:
            return made(**own, warm_start=True, early_stopping=False, random_state=seed)

        self._data, self._rounds = data, 0
        self._model = one() if data.train_y.ndim == 1 else Columns(one, data.train_y.shape[1])

    def grow(self, rounds: int, seed: int) -> None:
        self._reach(self._rounds + rounds)

    @property
    def model(self) -> Any:
        return self._model

    def predict(self, x: Floats) -> Floats:
        return outputs(self._model, x, self._data.n_classes)

    def save(self, directory: Path) -> None:
        (directory / FOREST).write_text(json.dumps({"rounds": self._rounds}))

    def load(self, directory: Path) -> None:
        file = directory / FOREST
        try:
            rounds = int(json.loads(file.read_text())["rounds"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{file} cannot be read: {error}") from error
        self._reach(rounds)

    def _reach(self, rounds: int) -> None:
        d = self._data
        self._model.set_params(max_iter=rounds).fit(d.train_x, d.train_y)
        self._rounds = rounds
        self.train, self.valid = (outputs(self._model, x, d.n_classes) for x in (d.train_x, d.valid_x))
