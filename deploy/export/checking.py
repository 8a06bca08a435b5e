"""Whether a written model says what the original says, on the validation rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deploy.errors import DeployError
from trainables.data.dataset import Array

if TYPE_CHECKING:
    from deploy.trained import Trained

__all__ = ["TOLERANCES", "Check", "compared"]

TOLERANCES = {"native": 1e-5, "onnx": 1e-4, "torch-export": 1e-5}
"""How far a format may be off, of a probability, or of a value in standard deviations of the training targets."""


@dataclass(frozen=True)
class Check:
    """One comparison. `difference`: the largest over all rows and outputs, in the unit of `TOLERANCES`."""

    format: str
    rows: int
    difference: float
    tolerance: float


def compared(trained: Trained, form: str, found: Array) -> Check:
    """Compare the outputs that a format gives for the validation rows with the trainable's own.

    Raises:
        DeployError: they differ by more than the tolerance, or have another shape.
    """
    wanted, tolerance = trained.predict(trained.data.valid_x), TOLERANCES[form]
    if found.shape != wanted.shape:
        raise DeployError(
            f"{form}: gives outputs of shape {found.shape} where the model gives {wanted.shape}; leave the format out"
        )
    unit = 1.0 if trained.labels else np.asarray(trained.data.train_y.std(axis=0))
    unit = np.where(np.asarray(unit) > 0, unit, 1.0)
    both = np.isnan(found) & np.isnan(wanted)
    difference = float(np.max(np.where(both, 0.0, np.abs(found - wanted)) / unit, initial=0.0))
    if not difference <= tolerance:
        raise DeployError(
            f"{form}: its outputs for the {len(wanted)} validation rows differ from the model's by up to "
            f"{difference:.3g}, more than {tolerance:g}; leave the format out"
        )
    return Check(form, len(wanted), difference, tolerance)
