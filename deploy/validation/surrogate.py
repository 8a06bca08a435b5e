"""What moves one prediction: a weighted linear model of the model around one row (Ribeiro et al. 2016, LIME)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Surrogate", "explain_row"]

Array = np.ndarray[Any, np.dtype[Any]]

SAMPLES = 400
RIDGE = 1e-3


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A linear model that stands for the true one near a row.

    Attributes:
        effects: (parts,) how much the output falls where the part is taken away from the row.
        fit: R2 of the linear model on its own weighted samples: below 0.5 do not believe the effects.
        base: what it says where all parts are taken away.
    """

    effects: Array
    fit: float
    base: float


def explain_row(
    output: Callable[[Array], Array], parts: int, rng: np.random.Generator, samples: int = SAMPLES
) -> Surrogate:
    """Explain one row.

    Args:
        output: masks (samples, parts) bool, True = the part is as in the row, False = it is taken away, to what the
            model puts out for each (samples,).
        parts: of a row, at least 1.
        rng: draws the masks: each keeps a number of parts that is drawn evenly.
        samples: how many masks; the row itself is one more.

    Samples near the row weigh more: exp(-(d / 0.75)^2), d the share of parts taken away. Effects are those of a ridge
    regression.
    """
    kept = rng.random((samples, 1))
    masks = np.vstack([np.ones((1, parts), bool), rng.random((samples, parts)) < kept])
    values = np.asarray(output(masks), np.float64)
    away = 1 - masks.mean(axis=1)
    weights = np.exp(-((away / 0.75) ** 2))
    design = np.column_stack([np.ones(len(masks)), masks])
    penalty = RIDGE * np.eye(parts + 1) * weights.sum()
    penalty[0, 0] = 0.0
    found = np.linalg.solve(design.T @ (design * weights[:, None]) + penalty, design.T @ (weights * values))
    middle = np.average(values, weights=weights)
    total = float((weights * (values - middle) ** 2).sum())
    left = float((weights * (values - design @ found) ** 2).sum())
    return Surrogate(found[1:], 1 - left / total if total > 0 else 1.0, float(found[0]))
