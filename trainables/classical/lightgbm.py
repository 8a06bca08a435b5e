"""Gradient boosting by LightGBM, through its own interface, a few rounds a step."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from trainables.base import Declaration
from trainables.classical.measure import Floats
from trainables.classical.rounds import Forest, Rounds, probabilities, threads
from trainables.data import Dataset
from trainables.errors import CheckpointError
from trainables.options import Rule

__all__ = ["LightGBM"]

ROUNDS = "lightgbm.json"


class LightGBM(Rounds):
    """LightGBM (Ke et al. 2017), grown by ``rounds_per_step`` (10) rounds a step.

    Its other options are LightGBM's own: ``learning_rate`` (0.1), ``num_leaves`` (31), ``max_depth`` (0 = no limit),
    ``min_data_in_leaf`` (20), ``min_gain_to_split`` (0), ``bagging_fraction`` (1, drawn anew each round) and
    ``feature_fraction`` (1), shares in (0, 1], ``lambda_l1`` (0), ``lambda_l2`` (0), ``extra_trees`` (false),
    ``max_bin`` (255); and ``threads`` (0 = OMP_NUM_THREADS, else 1). It runs on the CPU. Of several values a row, each
    has a model of its own.

    Metrics: see `trainables.classical.measure.metrics`.

    A checkpoint holds the model as LightGBM writes it (text), which any LightGBM can read; a trial goes on from it and
    fits nothing again. The sampling of a step is seeded by the trial's seed and the step's number.
    """

    name = "lightgbm"
    package = "lightgbm"
    defaults: ClassVar[Mapping[str, Any]] = {
        "learning_rate": 0.1,
        "num_leaves": 31,
        "max_depth": 0,
        "min_data_in_leaf": 20,
        "min_gain_to_split": 0.0,
        "bagging_fraction": 1.0,
        "feature_fraction": 1.0,
        "lambda_l1": 0.0,
        "lambda_l2": 0.0,
        "extra_trees": False,
        "max_bin": 255,
        "rounds_per_step": 10,
        "threads": 0,
    }
    rules: ClassVar[Mapping[str, Rule]] = {
        "rounds_per_step": Rule(low=1),
        "threads": Rule(low=0),
        "max_depth": Rule(low=0),
    }
    declared = Declaration(
        metric="val/accuracy",
        goal="maximize",
        step_unit="10 rounds",
        max_steps=27,
        parameters={
            "learning_rate": {"min": 0.01, "max": 0.5, "distribution": "log_uniform_values"},
            "num_leaves": {"min": 4, "max": 64, "log": True},
            "min_data_in_leaf": {"min": 1, "max": 50, "log": True},
            "bagging_fraction": {"min": 0.5, "max": 1.0},
            "feature_fraction": {"min": 0.3, "max": 1.0},
            "lambda_l1": {"min": 1e-6, "max": 10.0, "distribution": "log_uniform_values"},
            "lambda_l2": {"min": 1e-6, "max": 10.0, "distribution": "log_uniform_values"},
        },
        data="breast_cancer",
    )

    def begin(self, data: Dataset, options: Mapping[str, Any], seed: int) -> Forest:
        """A forest without trees."""
        return _LightGBMForest(data, options)


class _LightGBMForest(Forest):
    """Each step is a booster of its own that starts from the scores of those before it, as LightGBM's init score.

    One booster would do, but for its samplers: their state is in no checkpoint. And LightGBM's own continuation
    (`init_model`) bins the rows anew and lets all trees so far predict again, in every step. The trees of all steps
    are put together into one text, which LightGBM reads as one model.
    """

    def __init__(self, data: Dataset, options: Mapping[str, Any]) -> None:
        own = {name: value for name, value in options.items() if name not in ("rounds_per_step", "threads")}
        parameters = {
            **own,
            **_objective(data.n_classes),
            "max_depth": options["max_depth"] or -1,
            "bagging_freq": 1,
            "num_threads": threads(options["threads"]),
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        columns = data.train_y.T if data.train_y.ndim == 2 else [data.train_y]
        self._targets = [_Target(parameters, data.train_x, y, data.valid_x) for y in columns]
        self._n_classes = data.n_classes

    def grow(self, rounds: int, seed: int) -> None:
        for target in self._targets:
            target.grow(rounds, seed)
        self._put_out()

    @property
    def model(self) -> Any:
        boosters = [target.booster() for target in self._targets]
        return boosters if len(boosters) > 1 else boosters[0]

    def predict(self, x: Floats) -> Floats:
        margins = [target.booster().predict(x, raw_score=True) for target in self._targets]
        return probabilities(np.column_stack(margins) if len(margins) > 1 else margins[0], self._n_classes)

    def save(self, directory: Path) -> None:
        (directory / ROUNDS).write_text(json.dumps([target.rounds for target in self._targets]))
        for index, target in enumerate(self._targets):
            (directory / f"lightgbm-{index}.txt").write_text(target.text())

    def load(self, directory: Path) -> None:
        import lightgbm

        try:
            rounds = json.loads((directory / ROUNDS).read_text())
            for index, target in enumerate(self._targets):
                text = (directory / f"lightgbm-{index}.txt").read_text()
                target.go_on(text, [int(each) for each in rounds[index]])
        except (OSError, ValueError, TypeError, IndexError, lightgbm.basic.LightGBMError) as error:
            raise CheckpointError(f"{directory}: the model of lightgbm cannot be read: {error}") from error
        self._put_out()

    def _put_out(self) -> None:
        several = len(self._targets) > 1
        train, valid = (
            np.column_stack([target.scores[part] for target in self._targets])
            if several
            else self._targets[0].scores[part]
            for part in (0, 1)
        )
        self.train, self.valid = (probabilities(each, self._n_classes) for each in (train, valid))


class _Target:
    """The trees of one target.

    Attributes:
        rounds: rounds grown by each step; fewer than asked for once no split gains anything.
        scores: the raw scores of the training and of the validation rows, (rows,) or (rows, classes).
    """

    def __init__(
        self, parameters: Mapping[str, Any], x: Floats, y: npt.NDArray[Any], valid_x: Floats
    ) -> None:
        import lightgbm

        self._parameters, self._parts = dict(parameters), (x, valid_x)
        self._rows = lightgbm.Dataset(x, y, params=self._parameters, free_raw_data=False).construct()
        self.rounds: list[int] = []
        self.scores: list[Floats] = []
        self._head, self._tail = "", ""
        self._trees: list[str] = []

    def grow(self, rounds: int, seed: int) -> None:
        """Add rounds."""
        import lightgbm

        seeds = dict.fromkeys(("bagging_seed", "feature_fraction_seed", "extra_seed"), seed)
        booster = lightgbm.Booster({**self._parameters, **seeds}, self._rows)
        for _ in range(rounds):
            booster.update()
        self._add(booster, 0, booster.current_iteration())
        self._keep(booster.model_to_string(num_iteration=-1))

    def text(self) -> str:
        """All trees as one model of LightGBM."""
        numbered = (f"Tree={index}\n{tree}" for index, tree in enumerate(self._trees))
        return self._head + "".join(numbered) + self._tail

    def booster(self) -> Any:
        """All trees as a booster."""
        import lightgbm

        return lightgbm.Booster(model_str=self.text())

    def go_on(self, text: str, rounds: list[int]) -> None:
        """Go on with the model of `text`, whose scores are added up step by step, as they came about."""
        import lightgbm

        booster = lightgbm.Booster(model_str=text)
        if booster.current_iteration() != sum(rounds):
            raise ValueError(f"it has {booster.current_iteration()} rounds, not {sum(rounds)}")
        for each in rounds:
            self._add(booster, sum(self.rounds), each)
        self._keep(text)

    def _add(self, booster: Any, start: int, rounds: int) -> None:
        more = [
            booster.predict(part, raw_score=True, start_iteration=start, num_iteration=rounds)
            for part in self._parts
        ]
        self.scores = [a + b for a, b in zip(self.scores, more, strict=True)] if self.scores else more
        self.rounds.append(rounds)
        self._rows.set_init_score(self.scores[0].ravel(order="F"))

    def _keep(self, text: str) -> None:
        """Take the trees out of a model. Its first part has the sizes of its trees, which can be left out."""
        head, *trees = re.split(r"^Tree=\d+\n", text, flags=re.MULTILINE)
        trees[-1], end, tail = trees[-1].partition("end of trees\n")
        self._head = re.sub(r"^tree_sizes=.*\n", "", head, flags=re.MULTILINE)
        self._tail = end + tail
        self._trees += trees


def _objective(n_classes: int) -> dict[str, Any]:
    if not n_classes:
        return {"objective": "regression"}
    if n_classes == 2:
        return {"objective": "binary"}
    return {"objective": "multiclass", "num_class": n_classes}
