"""Gradient boosting by XGBoost, through its own interface, a few rounds a step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from trainables.base import Declaration
from trainables.classical.measure import Floats
from trainables.classical.rounds import Forest, Rounds, probabilities, threads
from trainables.data import Dataset
from trainables.errors import CheckpointError
from trainables.options import Rule

__all__ = ["XGBoost"]

MODEL = "xgboost.json"


class XGBoost(Rounds):
    """XGBoost (Chen and Guestrin 2016), grown by ``rounds_per_step`` (10) rounds a step, trees on histograms.

    Its other options are XGBoost's own: ``learning_rate`` (0.1), ``max_depth`` (6; 0 = no limit),
    ``min_child_weight`` (1), ``gamma`` (0), ``subsample`` (1) and ``colsample_bytree``, ``colsample_bylevel``,
    ``colsample_bynode`` (1), shares in (0, 1], ``reg_lambda`` (1), ``reg_alpha`` (0), ``max_bin`` (256); and
    ``threads`` (0 = OMP_NUM_THREADS, else 1). It runs on the CPU. Several values a row are one tree each a round.

    Metrics: see `trainables.classical.measure.metrics`.

    A checkpoint holds the model as XGBoost writes it (JSON), which any XGBoost can read; a trial goes on from it and
    fits nothing again. The sampling of a step is seeded by the trial's seed and the step's number.
    """

    name = "xgboost"
    package = "xgboost"
    defaults: ClassVar[Mapping[str, Any]] = {
        "learning_rate": 0.1,
        "max_depth": 6,
        "min_child_weight": 1.0,
        "gamma": 0.0,
        "subsample": 1.0,
        "colsample_bytree": 1.0,
        "colsample_bylevel": 1.0,
        "colsample_bynode": 1.0,
        "reg_lambda": 1.0,
        "reg_alpha": 0.0,
        "max_bin": 256,
        "rounds_per_step": 10,
        "threads": 0,
    }
    rules: ClassVar[Mapping[str, Rule]] = {"rounds_per_step": Rule(low=1), "threads": Rule(low=0)}
    declared = Declaration(
        metric="val/accuracy",
        goal="maximize",
        step_unit="10 rounds",
        max_steps=27,
        parameters={
            "learning_rate": {"min": 0.01, "max": 0.5, "distribution": "log_uniform_values"},
            "max_depth": {"min": 2, "max": 10},
            "min_child_weight": {"min": 0.5, "max": 20.0, "distribution": "log_uniform_values"},
            "subsample": {"min": 0.5, "max": 1.0},
            "colsample_bytree": {"min": 0.3, "max": 1.0},
            "reg_lambda": {"min": 1e-3, "max": 100.0, "distribution": "log_uniform_values"},
            "reg_alpha": {"min": 1e-6, "max": 10.0, "distribution": "log_uniform_values"},
        },
        data="breast_cancer",
    )

    def begin(self, data: Dataset, options: Mapping[str, Any], seed: int) -> Forest:
        """A forest without trees."""
        return _XGBoostForest(data, options)


class _XGBoostForest(Forest):
    """Each step is a booster of its own that starts from the margins of those before it, as XGBoost's base margin.

    One booster would do, but for its samplers: their state is in no checkpoint, so what is resumed would differ from
    what was never interrupted. The trees of all steps are put together into one model.
    """

    def __init__(self, data: Dataset, options: Mapping[str, Any]) -> None:
        import xgboost

        own = {name: value for name, value in options.items() if name not in ("rounds_per_step", "threads")}
        self._parameters = {
            **own,
            **_objective(data.n_classes),
            "tree_method": "hist",
            "nthread": threads(options["threads"]),
            "verbosity": 0,
        }
        self._n_classes = data.n_classes
        n = self._parameters["nthread"]
        self._train = xgboost.QuantileDMatrix(
            data.train_x, data.train_y, nthread=n, max_bin=options["max_bin"]
        )
        self._valid = xgboost.DMatrix(data.valid_x, nthread=n)
        self._model: dict[str, Any] | None = None

    def grow(self, rounds: int, seed: int) -> None:
        import xgboost

        booster = xgboost.Booster({**self._parameters, "seed": seed}, [self._train])
        for index in range(rounds):
            booster.update(self._train, index)
        self._take_margins(booster)
        model = json.loads(booster.save_raw("json"))
        self._model = model if self._model is None else _joined(self._model, model)

    @property
    def model(self) -> Any:
        import xgboost

        text = json.dumps(self._model)
        return xgboost.Booster(self._parameters, model_file=bytearray(text, "utf-8"))

    def predict(self, x: Floats) -> Floats:
        import xgboost

        rows = xgboost.DMatrix(x, nthread=self._parameters["nthread"])
        margins = self.model.predict(rows, output_margin=True)
        return probabilities(np.asarray(margins, dtype=np.float64), self._n_classes)

    def save(self, directory: Path) -> None:
        (directory / MODEL).write_text(json.dumps(self._model))

    def load(self, directory: Path) -> None:
        import xgboost

        file = directory / MODEL
        try:
            text = file.read_text()
            model = json.loads(text)
            booster = xgboost.Booster(self._parameters, model_file=bytearray(text, "utf-8"))
        except (OSError, ValueError, xgboost.core.XGBoostError) as error:
            raise CheckpointError(f"{file} cannot be read: {error}") from error
        self._take_margins(booster)
        self._model = model

    def _take_margins(self, booster: Any) -> None:
        """Predict both parts, and start the next booster from there."""
        found: list[Floats] = []
        for part in (self._train, self._valid):
            margins = booster.predict(part, output_margin=True)
            part.set_base_margin(margins)
            found.append(probabilities(np.asarray(margins, dtype=np.float64), self._n_classes))
        self.train, self.valid = found


def _objective(n_classes: int) -> dict[str, Any]:
    if not n_classes:
        return {"objective": "reg:squarederror"}
    if n_classes == 2:
        return {"objective": "binary:logistic"}
    return {"objective": "multi:softprob", "num_class": n_classes}


def _joined(model: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The trees of `more` behind those of `model`, which is changed.

    The format: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
    """
    trees = model["learner"]["gradient_booster"]["model"]
    added = more["learner"]["gradient_booster"]["model"]
    for tree in added["trees"]:
        trees["trees"].append({**tree, "id": len(trees["trees"])})
    trees["tree_info"] += added["tree_info"]
    before = trees["iteration_indptr"][-1]
    trees["iteration_indptr"] += [before + start for start in added["iteration_indptr"][1:]]
    trees["gbtree_model_param"]["num_trees"] = str(len(trees["trees"]))
    return model
