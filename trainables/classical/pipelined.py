"""A user's own scikit-learn estimator or pipeline as a trainable: one method to write."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, final

from spaces import flatten
from trainables.base import Declaration, Trainable
from trainables.classical.fitting import Fitting, Scale, refuse_generation
from trainables.classical.growth import Rows
from trainables.classical.measure import Floats
from trainables.data import load
from trainables.errors import TrainableError
from trainables.options import read_options
from trainables.supervised import declaration_for

__all__ = ["Pipelined"]

STEPS = 9


class Pipelined(Trainable):
    """Anything with scikit-learn's ``fit`` and ``predict``, built from the options of a trial.

    ```
    class Mine(Pipelined):                        # trainable: mine.py:Mine
        options = {"components": 8, "C": 1.0}     # every option and its default

        def build(self, options, task):
            return make_pipeline(PCA(options["components"]), SVC(C=options["C"]))
    ```

    It is fitted on growing parts of the training rows: on the share k/9 in step k, on all in the last; the option
    ``steps`` (9), which need not be listed, says how many there are. Where it, or a part of it, has a
    ``random_state`` of None, the trial's seed is put there. Its inputs are what `data` prepares: numbers without gaps,
    encoded and, unless ``data.scaling`` says otherwise, z-scored.

    A checkpoint is the number of steps: what is needed is fitted again. Metrics: see
    `trainables.classical.measure.metrics`.

    Attributes:
        options: defaults by dotted name; a config with any other name is refused. None = every name is taken, and
            only what the config has is passed on.
        declared: may be overridden, to declare a default space or another data set than breast_cancer.
    """

    options: ClassVar[Mapping[str, Any] | None] = None
    declared: ClassVar[Declaration] = Declaration(
        metric="val/accuracy",
        goal="maximize",
        step_unit="part",
        max_steps=STEPS,
        data="breast_cancer",
        length="steps",
    )

    @abstractmethod
    def build(self, options: Mapping[str, Any], task: str) -> Any:
        """An unfitted estimator.

        Args:
            options: by dotted name.
            task: "classification", "regression" or "forecasting".
        """

    @final
    @classmethod
    def declare(cls, data: Mapping[str, Any] | None) -> Declaration:
        """As `declared`, but predicted numbers minimise "val/rmse".

        Raises:
            DataError: the data cannot be read.
        """
        options = () if cls.options is None else ("steps", *cls.options)
        return declaration_for(replace(cls.declared, options=options), data, owner=cls.__name__)

    @final
    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        """Load the data and build the estimator; the device is not used.

        Raises:
            TrainableError: an unknown option, or no estimator was built.
            DataError: the data cannot be read.
        """
        name = type(self).__name__
        options = _options(self.options, config, name)
        steps = options.pop("steps")
        if steps < 1:
            raise TrainableError(f"{name}: steps is at least 1, not {steps}")
        data = load(config.get("data") or self.declared.data or "")
        refuse_generation(data, name)

        def make() -> Any:
            return _seeded(_checked(self.build(options, data.task), data.task, name), seed)

        make()  # what cannot be built is refused now
        self._fitting = Fitting(
            data, lambda y: Rows(make, data.train_x, y, steps, seed=seed), steps, unitless=False
        )

    @final
    def step(self) -> Mapping[str, float]:
        """Fit on the next larger part and measure.

        Raises:
            StopIteration: after `steps`.
        """
        return self._fitting.step()

    @final
    def save(self, directory: Path) -> None:
        """Write the number of steps."""
        self._fitting.save(directory)

    @final
    def load(self, directory: Path) -> None:
        """Go back to there.

        Raises:
            CheckpointError: the file is missing or cut.
        """
        self._fitting.load(directory)

    @final
    def measure(self) -> Mapping[str, float]:
        """The metrics of the model as it stands."""
        return self._fitting.measure()

    @final
    @property
    def estimator(self) -> Any:
        """The fitted estimator of scikit-learn.

        Raises:
            TrainableError: before the first step.
        """
        return self._fitting.estimator

    @final
    @property
    def scale(self) -> Scale:
        """Between the target's unit and that in which the estimator has learnt values."""
        return self._fitting.scale

    @final
    def predict(self, x: Floats) -> Floats:
        """Probabilities (rows, classes), or values (rows,) or (rows, horizon) in the target's unit, of prepared inputs.

        Raises:
            TrainableError: before the first step.
        """
        return self._fitting.predict(x)

    @final
    def draw(self, directory: Path) -> None:
        """Pictures of the predictions for the validation rows."""
        self._fitting.draw(directory)


def _options(defaults: Mapping[str, Any] | None, config: Mapping[str, Any], owner: str) -> dict[str, Any]:
    if defaults is None:
        found = flatten({name: value for name, value in config.items() if name != "data"})
        defaults = {**found, "steps": STEPS}
    return read_options(config, {"steps": STEPS, **defaults}, owner)


def _checked(estimator: Any, task: str, owner: str) -> Any:
    if isinstance(estimator, type):
        raise TrainableError(
            f"{owner}.build gave the class {estimator.__name__} itself; return one of it: {estimator.__name__}(...)"
        )
    if not callable(getattr(estimator, "fit", None)) or not callable(getattr(estimator, "predict", None)):
        raise TrainableError(
            f"{owner}.build gave {type(estimator).__name__}, which cannot be trained; return an estimator of "
            "scikit-learn, with fit and predict"
        )
    wanted = "classifier" if task == "classification" else "regressor"
    found = _estimator_type(estimator)
    if found not in (None, wanted):
        raise TrainableError(
            f"{owner}.build gave {type(estimator).__name__}, a {found}, for data.task: {task}; return a {wanted}"
        )
    return estimator


def _estimator_type(estimator: Any) -> str | None:
    """What scikit-learn takes it for: classifier, regressor, clusterer, ...; None where it does not say."""
    from sklearn.utils import get_tags

    if not hasattr(estimator, "__sklearn_tags__"):
        return None
    found: str | None = get_tags(estimator).estimator_type
    return found


def _seeded(estimator: Any, seed: int) -> Any:
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    unseeded = [
        name
        for name, value in parameters.items()
        if value is None and (name == "random_state" or name.endswith("__random_state"))
    ]
    return estimator.set_params(**dict.fromkeys(unseeded, seed)) if unseeded else estimator
