"""The estimators of scikit-learn as one trainable: which of them it is, is a parameter like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trainables.base import Declaration, Trainable
from trainables.classical.estimators import ESTIMATORS, Estimator, Kind
from trainables.classical.fitting import Fitting, Scale, refuse_generation
from trainables.classical.growth import Columns, Epochs, Growing, Members, Rows
from trainables.classical.measure import Floats
from trainables.data import Dataset, load, task_of
from trainables.errors import TrainableError, nearest
from trainables.options import Rule, read_options
from trainables.supervised import declaration_for

__all__ = ["Classical"]

STEPS = 9
DEFAULT = "random_forest"


class Classical(Trainable):
    """scikit-learn's estimators, chosen by the option ``estimator`` (random_forest).

    For classes: logistic, decision_tree, svm, knn, naive_bayes, bagging, random_forest, extra_trees, adaboost,
    gradient_boosting, hist_gradient_boosting, sgd, voting, stacking. For values (regression, forecasting): the same
    with linear, ridge, lasso and elastic_net instead of logistic and naive_bayes. Each has its settings below its
    name, as ``ridge.alpha``: see `trainables.classical.estimators`; those of other estimators are ignored.

    A trial takes ``steps`` (9) steps, of which step k stands for the share k/9 of the whole training, and then ends:

    - ensembles (bagging, random_forest, extra_trees, adaboost, gradient_boosting, hist_gradient_boosting) have that
      share of their ``n_estimators`` (``max_iter``), all but adaboost keeping those they have;
    - sgd has done that share of its ``epochs``;
    - all others are fitted on that share of the training rows, the last time on all.

    So a trial stopped early has cost little. Where none is stopped early, ``steps: 1`` with ``max_steps: 1`` saves
    the refits. A sweep sets ``steps`` to its ``max_steps``, unless its file does: a smaller ``max_steps`` alone would
    end every trial before it is whole.

    lasso, elastic_net, svm, sgd, voting and stacking learn values z-scored by the training rows, since their settings
    depend on the target's unit; predictions and metrics are in the target's own.

    Of wide data (texts: a feature per word) gradient_boosting, adaboost, bagging and svm take minutes; name faster ones.

    Metrics: see `trainables.classical.measure.metrics`. The margins of an svm stand in for probabilities: its
    "val/log_loss" and "val/loss" compare with those of other svm only.
    """

    declared = Declaration(
        metric="val/accuracy",
        goal="maximize",
        step_unit="part",
        max_steps=STEPS,
        data="breast_cancer",
        length="steps",
    )

    @classmethod
    def declare(cls, data: Mapping[str, Any] | None) -> Declaration:
        """The estimators that can do the task, and their settings; predicted numbers minimise "val/rmse".

        Raises:
            DataError: the data cannot be read.
        """
        kind = "classes" if data is None else _kind(task_of(data))
        defaults = _defaults(kind)
        declared = replace(
            cls.declared,
            parameters=_space(kind),
            defaults=defaults,
            options=tuple(defaults),
            rules={"estimator": Rule(choices=tuple(_possible(kind))), "steps": Rule(low=1)},
        )
        return declaration_for(declared, data, owner="classical")

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        """Load the data; the device is not used.

        Raises:
            TrainableError: an unknown option or estimator, a value out of its range, or an estimator that cannot do
                the task.
            DataError: the data cannot be read.
        """
        data = load(config.get("data") or self.declared.data or "")
        refuse_generation(data, "classical")
        kind = _kind(data.task)
        name, settings, steps = _read(config, kind)
        self._fitting = Fitting(
            data,
            lambda y: _growing(ESTIMATORS[name], settings, kind, seed, data, y, steps),
            steps,
            unitless=ESTIMATORS[name].unitless,
        )

    def step(self) -> Mapping[str, float]:
        """Train one share further and measure.

        Raises:
            StopIteration: after `steps`.
        """
        return self._fitting.step()

    def save(self, directory: Path) -> None:
        """Write how far the training is; the coefficients of an sgd."""
        self._fitting.save(directory)

    def load(self, directory: Path) -> None:
        """Go back to where `save` was; the next step fits again what it needs.

        Raises:
            CheckpointError: a file is missing, cut, or of another model.
        """
        self._fitting.load(directory)

    def measure(self) -> Mapping[str, float]:
        """The metrics of the model as it stands."""
        return self._fitting.measure()

    @property
    def estimator(self) -> Any:
        """The fitted estimator of scikit-learn.

        Raises:
            TrainableError: before the first step.
        """
        return self._fitting.estimator

    @property
    def scale(self) -> Scale:
        """Between the target's unit and that in which the estimator has learnt values."""
        return self._fitting.scale

    def predict(self, x: Floats) -> Floats:
        """Probabilities (rows, classes), or values (rows,) or (rows, horizon) in the target's unit, of prepared inputs.

        Raises:
            TrainableError: before the first step.
        """
        return self._fitting.predict(x)

    def draw(self, directory: Path) -> None:
        """Pictures of the predictions for the validation rows."""
        self._fitting.draw(directory)


def _kind(task: str) -> Kind:
    return "classes" if task == "classification" else "values"


def _defaults(kind: Kind) -> dict[str, Any]:
    settings = {
        f"{name}.{setting.name}": setting.default
        for name, estimator in ESTIMATORS.items()
        if kind in estimator.kinds
        for setting in estimator.settings_for(kind)
    }
    return {"estimator": DEFAULT, "steps": STEPS, **settings}


def _space(kind: Kind) -> dict[str, Any]:
    possible = _possible(kind)
    space: dict[str, Any] = {"estimator": {"values": list(possible)}}
    for name, estimator in possible.items():
        leaves = {
            setting.name: {
                **setting.search,
                "when": {"estimator": name, **{f"{name}.{other}": value for other, value in setting.when}},
            }
            for setting in estimator.settings_for(kind)
            if setting.search is not None
        }
        if leaves:
            space[name] = leaves
    return space


def _possible(kind: Kind) -> dict[str, Estimator]:
    return {name: each for name, each in ESTIMATORS.items() if kind in each.kinds}


def _read(config: Mapping[str, Any], kind: Kind) -> tuple[str, dict[str, Any], int]:
    """The estimator's name, its settings by their short names, and the number of steps."""
    possible = _possible(kind)
    every = {f"{name}.{s.name}": s for name, each in possible.items() for s in each.settings_for(kind)}
    defaults = {name: setting.default for name, setting in every.items()}
    options = read_options(config, {"estimator": DEFAULT, "steps": STEPS, **defaults}, "classical")
    chosen, steps = options["estimator"], options["steps"]
    if chosen not in possible:
        why = f"cannot predict {kind}" if chosen in ESTIMATORS else "is unknown"
        raise TrainableError(f"classical: estimator {chosen!r} {why}; {nearest(chosen, possible)}")
    if steps < 1:
        raise TrainableError(f"classical: steps is at least 1, not {steps}")
    settings = {}
    for setting in possible[chosen].settings_for(kind):
        full = f"{chosen}.{setting.name}"
        setting.check(options[full], f"classical: {full}")
        settings[setting.name] = options[full]
    return chosen, settings, steps


def _growing(
    estimator: Estimator,
    settings: Mapping[str, Any],
    kind: Kind,
    seed: int,
    data: Dataset,
    y: Floats,
    steps: int,
) -> Growing:
    def one() -> Any:
        return estimator.make(settings, kind, seed)

    def make() -> Any:
        return one() if estimator.columns or y.ndim == 1 else Columns(one, y.shape[1])

    make()  # a setting that it refuses is refused now
    x, size = data.train_x, estimator.size
    if estimator.growth == "members" and size is not None:
        return Members(make, x, y, steps, size=settings[size], parameter=size, warm=estimator.warm)
    if estimator.growth == "epochs" and size is not None:
        classes = np.arange(data.n_classes) if data.n_classes else None
        return Epochs(make, x, y, steps, epochs=settings[size], seed=seed, classes=classes)
    fewest = settings[estimator.fewest] if estimator.fewest else 0
    return Rows(make, x, y, steps, seed=seed, fewest=fewest)
