"""A model folder, loaded: raw rows in, labelled predictions out, and nothing of the run that made it needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deploy.errors import ModelError
from deploy.folder import read_json, verified
from deploy.reference import Reference
from deploy.runtimes import Runtime, read_runtime
from deploy.schema import Schema
from deploy.trusted import read_object
from trainables.data.dataset import Array
from trainables.data.preparation import Preparation

__all__ = ["Model", "Prediction"]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of some rows.

    Attributes:
        labels: (rows,) str, the most probable ones; None where values are predicted.
        probabilities: float64 (rows, classes), in the order of `Schema.labels`; None where values are predicted.
        values: float64 (rows,) or (rows, horizon), in the target's own unit; None where labels are.
    """

    labels: Array | None
    probabilities: Array | None
    values: Array | None

    def __len__(self) -> int:
        held = self.values if self.probabilities is None else self.probabilities
        assert held is not None
        return len(held)


@dataclass(frozen=True, eq=False)
class Model:
    """A model folder; make one with `load`.

    Attributes:
        folder: where it was loaded from.
        name: of the model.
        version: 12 characters that follow from every file in it.
        schema: what a row holds and what comes out.
        card: metrics, data, limits: `card.json`.
        reference: how training rows and predictions were distributed.
        formats: what else lies in the folder: "onnx", "torch-export".
        preparation: from raw rows to inputs.
        translation: further, to what a network with words of its own reads; None: it reads the inputs.
        runtime: what computes.
    """

    folder: Path
    name: str
    version: str
    schema: Schema
    card: Mapping[str, Any]
    reference: Reference
    formats: tuple[str, ...]
    preparation: Preparation
    translation: Any
    runtime: Runtime

    @classmethod
    def load(cls, folder: str | Path) -> Model:
        """Verify every file against the manifest, then load; nothing is executed but this project's own code.

        Raises:
            ModelError: a file is missing, changed, too many, or cannot be read; names it.
            DeployError: a package that the model needs is not installed.
        """
        folder = Path(folder)
        version = verified(folder)
        said = read_json(folder / "model.json")
        try:
            name, formats = str(said["name"]), tuple(map(str, said["formats"]))
            translated = bool(said["translated"])
        except (KeyError, TypeError) as error:
            raise ModelError(
                f"{folder / 'model.json'} describes no model: {error!r}; export it again"
            ) from error
        preparation = read_object(folder / "preparation.skops")
        if not isinstance(preparation, Preparation):
            raise ModelError(
                f"{folder / 'preparation.skops'} holds a {type(preparation).__name__}; export again"
            )
        translation = None
        if translated:
            from trainables.neural.pretrained.translation import Translation

            try:
                translation = Translation.from_json(read_json(folder / "translation.json"))
            except (KeyError, TypeError, ValueError) as error:
                raise ModelError(
                    f"{folder / 'translation.json'} holds no translation: {error!r}; export it again"
                ) from error
        return cls(
            folder,
            name,
            version,
            Schema.from_json(read_json(folder / "schema.json")),
            read_json(folder / "card.json"),
            Reference.from_json(read_json(folder / "reference.json")),
            formats,
            preparation,
            translation,
            read_runtime(folder),
        )

    @property
    def module(self) -> Any:
        """The network (`torch.nn.Module`, in evaluation); None where it is none."""
        return getattr(self.runtime, "module", None)

    @property
    def estimator(self) -> Any:
        """The estimator or booster; None where it is a network."""
        return getattr(self.runtime, "estimator", None)

    def inputs(self, raw: Any) -> Array:
        """Raw rows, as `Schema.check` gives them, prepared (rows, \\*shape).

        Of a series that is forecast: one row for each step that has enough before it, and one for what follows the last.

        Raises:
            DataError: a column is missing or holds something else.
        """
        prepared = self.preparation.transform(raw)
        return prepared if self.translation is None else np.asarray(self.translation(prepared))

    def outputs(self, x: Array) -> Array:
        """Probabilities (rows, classes), or values (rows,) or (rows, horizon), of prepared inputs."""
        if not len(x):
            width = len(self.schema.labels) or (self.schema.horizon if self.schema.horizon > 1 else 0)
            return np.zeros((0, width) if width else (0,))
        return self.runtime.outputs(x)

    def predict(self, raw: Any) -> Prediction:
        """What the model says of raw rows, as `Schema.check` gives them.

        Raises:
            DataError: a column is missing or holds something else.
        """
        outputs = self.outputs(self.inputs(raw))
        if not self.schema.labels:
            return Prediction(None, None, outputs)
        labels = np.array(self.schema.labels, dtype=object)[outputs.argmax(axis=1)]
        return Prediction(labels, outputs, None)
