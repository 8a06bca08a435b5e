"""What is validated: a trained trial, the rows it is asked about, and how well it does on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.validation.calibration import log_losses
from deploy.validation.intervals import mean_interval, share_interval
from deploy.validation.rows import Rows, make_rows
from deploy.validation.rows.base import Array

if TYPE_CHECKING:
    from deploy.trained import Trained

__all__ = ["MOST_ROWS", "Score", "Subject"]

MOST_ROWS = 2000


@dataclass(frozen=True)
class Score:
    """Accuracy, or the mean absolute error in the target's own unit, with its 95 % interval."""

    value: float
    low: float
    high: float
    rows: int

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "interval": [self.low, self.high], "rows": self.rows}


class Subject:
    """A trained trial and its validation rows, at most 2,000 of them, drawn by the seed.

    Attributes:
        trained: the trial.
        seed: of all that a check draws; each check has a generator of its own (`generator`).
        against: another source whose rows are compared with the training rows; None = no other.
        rows: the validation rows, to be disturbed.
        y: (rows,) classes, or (rows,), (rows, horizon) values in the target's own unit.
        x: the rows as the model reads them.
    """

    def __init__(
        self, trained: Trained, *, seed: int = 0, most: int = MOST_ROWS, against: str | None = None
    ) -> None:
        self.trained, self.seed, self.against = trained, seed, against
        data = trained.data
        drawn = np.sort(self.generator("rows").permutation(len(data.valid_x))[:most])
        self.numbers = drawn
        self.x: Array = data.valid_x[drawn]
        self.y: Array = data.valid_y[drawn]
        self.rows: Rows = self.rows_of("valid").take(drawn)

    @property
    def classifies(self) -> bool:
        """Whether classes are predicted."""
        return self.trained.task == "classification"

    @property
    def measure(self) -> str:
        """What `Score` measures."""
        return "accuracy" if self.classifies else "mean absolute error"

    def generator(self, name: str) -> np.random.Generator:
        """The numbers of one check: the same for a seed, whichever other checks run."""
        return np.random.default_rng([self.seed, *name.encode()])

    def rows_of(self, part: str) -> Rows:
        """All rows of "train" or "valid"."""
        if self.trained.task == "forecasting":
            data = self.trained.data
            return make_rows(self.trained, data.train_x if part == "train" else data.valid_x)
        return make_rows(self.trained, self.trained.raw("train" if part == "train" else "valid"))

    @cached_property
    def outputs(self) -> Array:
        """What the model says of the rows: probabilities or values."""
        return self.trained.predict(self.x)

    def each(self, outputs: Array, y: Array | None = None) -> Array:
        """Of each row 1 where the answer is right and 0 where not; or the absolute error (rows,)."""
        true = self.y if y is None else y
        if self.classifies:
            return np.asarray(outputs.argmax(axis=1) == true, np.float64)
        error = np.abs(outputs.reshape(len(true), -1) - true.reshape(len(true), -1))
        return np.asarray(error.mean(axis=1), np.float64)

    def harm(self, outputs: Array, rows: Array | None = None) -> Array:
        """Of each row (`rows`: of these alone) the log loss in nats, or the absolute error: smaller is better (rows,)."""
        y = self.y if rows is None else self.y[rows]
        return log_losses(outputs, y) if self.classifies else self.each(outputs, y)

    def score(self, each: Array) -> Score:
        """The mean of what `each` gives."""
        mean = float(each.mean()) if len(each) else float("nan")
        low, high = share_interval(each.sum(), len(each)) if self.classifies else mean_interval(each)
        return Score(mean, low, high, len(each))

    def worse_by(self, before: Array, after: Array) -> tuple[float, tuple[float, float]]:
        """How much worse the same rows are done `after` than `before`, and the 95 % interval: positive is worse."""
        worse = before - after if self.classifies else after - before
        return float(worse.mean()), mean_interval(worse)

    def label(self, number: int) -> str:
        """The name of a class."""
        return str(self.trained.labels[number])

    def answers(self, rows: Sequence[int]) -> list[str]:
        """What the model says of some rows, in words."""
        if self.classifies:
            return [
                f"{self.label(int(self.outputs[row].argmax()))} ({self.outputs[row].max():.2f})"
                for row in rows
            ]
        return [", ".join(f"{value:.4g}" for value in np.ravel(self.outputs[row])[:3]) for row in rows]
