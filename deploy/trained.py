"""One trained trial of a run, opened again: its data, its model, and what it predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from search.run import Run
from search.trial import Trial
from trainables.data.dataset import Array, Dataset
from trainables.data.section import Modality, Section

if TYPE_CHECKING:
    from torch import nn

    from deploy.schema import Schema
    from trainables.data.dataset import View
    from trainables.data.preparation import Preparation
    from trainables.data.records import Records
    from trainables.data.targets import Target

__all__ = ["Task", "Trained"]

Task = Literal["classification", "regression", "forecasting"]


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained trial; make one with `open`.

    Attributes:
        run: the run that it was found in; of a confirmed winner the searched one, too.
        trial: whose checkpoint it is: one of `run`, or one of its confirmation where `confirmed`.
        step: after how many steps the checkpoint was written.
        config: nested, with its `data` section.
        ref: what the run calls its trainable.
        confirmed: whether it was trained by the run's confirmation.
        note: a sentence on which weights these are.
        trainable: the object that was trained.
        section: the data section that its inputs were prepared by.
        records: the rows of the source.
        preparation: from raw rows to inputs, fitted on the training rows.
        target: the targets of all rows.
        data: training and validation rows as `predict` takes them.
    """

    run: Run
    trial: Trial
    step: int
    config: Mapping[str, Any]
    ref: str
    confirmed: bool
    note: str
    trainable: Any
    section: Section
    records: Records
    preparation: Preparation
    target: Target
    data: Dataset

    @classmethod
    def open(cls, run: Run, trial: str | int | None = None, *, trust: bool = False) -> Trained:
        """Restore a trial from its newest sound checkpoint; the code that the run names is imported.

        Args:
            run: with a run directory of its own.
            trial: `t00012` or 12; None = of a confirmed run the winner of its confirmation (under the first seed that
                has a checkpoint: to choose among seeds by their values would be to choose luck), else the best trial.
            trust: as of `search.resume`: go on although others could have written to the run directory.

        Raises:
            DeployError: the trial has no checkpoint any more, or no model that can be asked: a generator function, a
                native Ray Tune trainable, a generation, a class without ``predict``.
            RunNotFoundError, TrustError, DataError, CheckpointError: as of the parts.
        """
        from deploy.opening import opened

        return opened(run, trial, trust=trust)

    @property
    def name(self) -> str:
        """The run and the trial: ``penguins-t00012``."""
        return f"{self.run.name}-{'confirm-' if self.confirmed else ''}{self.trial.id}"

    @property
    def task(self) -> Task:
        """What is predicted."""
        assert self.data.task != "generation"
        return self.data.task

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes; () where values are predicted."""
        return self.data.labels

    @property
    def view(self) -> View:
        """What a row of `data.train_x` is."""
        return self.data.view

    @property
    def modality(self) -> Modality:
        """What a row of the source is."""
        return self.data.modality

    def inputs(self, raw: Any) -> Array:
        """Raw rows, as `raw` gives them, as `predict` takes them."""
        prepared = self.preparation.transform(raw)
        translation = getattr(self.trainable, "translation", None)
        return prepared if translation is None else np.asarray(translation(prepared))

    def predict(self, x: Array) -> Array:
        """What the model says of prepared inputs (rows, \\*shape), as `data.valid_x` holds them.

        Returns:
            Probabilities (rows, classes), each row adding up to 1 (of an svm the softmax of its margins, which ranks as
            it does and is not calibrated); or values (rows,), (rows, horizon), in the target's own unit.
        """
        return np.asarray(self.trainable.predict(x))

    @property
    def module(self) -> nn.Module | None:
        """The network in evaluation: inputs to logits, or to standardised values; None where it is no network."""
        return getattr(self.trainable, "module", None)

    @property
    def estimator(self) -> Any:
        """The fitted estimator of scikit-learn, a booster, or a list of boosters; None where it is a network."""
        return getattr(self.trainable, "estimator", None)

    def raw(self, part: Literal["train", "valid"]) -> Any:
        """The rows of a part as the source gives them: a frame, an array, or texts.

        Of a series that is forecast: all steps up to the end of the part, in their order.
        """
        from trainables.data.prepare import rows_of

        rows = self.data.train_rows if part == "train" else self.data.valid_rows
        if self.data.task == "forecasting":
            assert self.records.frame is not None
            horizon = int(self.section["features.horizon"])
            return self.records.frame.iloc[: int(rows.max()) + horizon]
        return rows_of(self.records, rows)

    @cached_property
    def schema(self) -> Schema:
        """What a raw row holds and what comes out."""
        from deploy.schema import schema_of

        return schema_of(self)
