"""Two models on the same rows: the difference of any metric, paired, with an interval.

Which way it is measured follows from the metric:

- a mean over rows (accuracy, log loss, squared and absolute error): Student's interval and test of the differences row by
  row (`search.analysis.paired`); of the accuracy the exact McNemar test and the adjusted Wald interval of Bonett and Price
  (2012), which has a width even where no row tells the two apart;
- any other (F1, areas under curves, RMSE, R2): the paired bootstrap (Efron and Tibshirani 1993, ch. 16), rows drawn
  together for both models; the interval is of the percentiles, and p is where it would begin to hold 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from deploy.errors import DeployError
from search.analysis.paired import mean_interval, t_test
from trainables.data.dataset import Array
from trainables.data.section import Task
from trainables.errors import nearest
from trainables.scoring import scores, scores_of_each
from trainables.supervised import GOALS

__all__ = ["Paired", "compare", "goal_of", "mcnemar"]

Floats = npt.NDArray[np.float64]

DRAWS = 1000
LEAST = 10
"""Rows below which nothing is said."""

_Z = 1.959963984540054  # of the standard normal, at 97.5 %
_ABSENT = 20
"""Of a hundred bootstrap draws, how many may lack a value (a class did not occur) before nothing is said."""


@dataclass(frozen=True)
class Paired:
    """A new model against an old one on one set of rows.

    Attributes:
        metric: its name, without a prefix: "accuracy".
        goal: which way it is good.
        rows: how many.
        old, new: the metric of each.
        difference: new minus old, in the metric's unit.
        low, high: its interval of 95 %; None where nothing can be said.
        p: two-sided, of no difference; None likewise.
        test: how it was found.
    """

    metric: str
    goal: str
    rows: int
    old: float
    new: float
    difference: float
    low: float | None
    high: float | None
    p: float | None
    test: str

    @property
    def better(self) -> bool:
        """Whether the interval lies on the good side of 0 altogether."""
        if self.low is None or self.high is None:
            return False
        return self.low > 0 if self.goal == "maximize" else self.high < 0

    @property
    def worse(self) -> bool:
        """Whether it lies on the bad side of 0 altogether."""
        if self.low is None or self.high is None:
            return False
        return self.high < 0 if self.goal == "maximize" else self.low > 0

    @property
    def gain(self) -> float:
        """The difference, above 0 where the new one is better."""
        return self.difference if self.goal == "maximize" else -self.difference

    def to_json(self) -> dict[str, Any]:
        """Every attribute, JSON throughout."""
        return asdict(self)


def compare(
    task: str, old: Array, new: Array, y: Array, metric: str, *, goal: str | None = None, seed: int = 0
) -> Paired:
    """Compare the outputs of two models for the same rows.

    Args:
        task: "classification", "regression" or "forecasting".
        old, new: probabilities (rows, classes), or values of the shape of `y`; row i of both is the same row.
        y: the true classes (rows,), 0 and up, or values.
        metric: as of `trainables.scoring`: "accuracy", "log_loss", "rmse", ...; a prefix such as "val/" is dropped, and "loss"
            is "log_loss" or "mse".
        goal: "maximize" or "minimize"; None = the metric's own.
        seed: of the bootstrap.

    Raises:
        DeployError: no such metric for the task, or outputs that do not fit each other.
    """
    name = metric.rpartition("/")[2]
    if name == "loss":
        name = "log_loss" if task == "classification" else "mse"
    if old.shape != new.shape or len(old) != len(y):
        raise DeployError(
            f"outputs of shapes {old.shape} and {new.shape} for {len(y)} rows cannot be compared row by row"
        )
    found = [scores(cast(Task, task), each, y) for each in (old, new)]
    if name not in found[0]:
        raise DeployError(f"there is no metric {name!r} of a {task}; {nearest(name, found[0])}")
    goal, difference = goal or goal_of(name), found[1][name] - found[0][name]

    def told(low: float | None, high: float | None, p: float | None, test: str) -> Paired:
        return Paired(name, goal, len(y), found[0][name], found[1][name], difference, low, high, p, test)

    if len(y) < LEAST or not np.isfinite(difference):
        why = f"fewer than {LEAST} rows" if len(y) < LEAST else "a model put out something that is no number"
        return told(None, None, None, why)
    if np.array_equal(old, new):
        return told(0.0, 0.0, 1.0, "the outputs are equal")
    rows = _by_row(task, name, new, y, old)
    if rows is not None:
        if name == "accuracy":
            test = "exact McNemar test; interval of Bonett and Price 2012"
            return told(*_bonett_price(rows), mcnemar(rows), test)
        low, high = mean_interval(rows)
        return told(low, high, t_test(rows), "Student's test and interval of the rows' differences")
    low_high = _bootstrap(cast(Task, task), old, new, y, name, seed)
    if low_high is None:
        return told(None, None, None, "too many bootstrap samples without a value: a class is too rare")
    return told(*low_high, f"paired bootstrap, {DRAWS} draws")


def mcnemar(differences: Floats) -> float:
    """p of the exact McNemar test: of the rows that only one model got right, half should be the old one's.

    Args:
        differences: (rows,) 1 where only the new model is right, -1 where only the old one is, else 0.
    """
    from scipy.stats import binomtest

    gained, lost = int((differences > 0).sum()), int((differences < 0).sum())
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def _bonett_price(differences: Floats) -> tuple[float, float]:
    """The interval of 95 % for the difference of two paired proportions: one row is added to each kind of disagreement."""
    rows = len(differences) + 2
    gained, lost = ((int((side * differences > 0).sum()) + 1) / rows for side in (1, -1))
    half = _Z * float(np.sqrt((gained + lost - (gained - lost) ** 2) / rows))
    return gained - lost - half, gained - lost + half


def goal_of(metric: str) -> str:
    """Which way a metric of `trainables.scoring` is good."""
    return cast(Mapping[str, str], GOALS).get(f"val/{metric}", "maximize")


def _by_row(task: str, metric: str, new: Array, y: Array, old: Array) -> Floats | None:
    """new - old for every row, of which the metric's difference is the mean; None where it is no mean over rows."""
    if task == "classification":
        if metric == "accuracy":
            hits = [(each.argmax(axis=1) == y).astype(np.float64) for each in (new, old)]
            return np.asarray(hits[0] - hits[1])
        if metric == "log_loss":
            losses = [_log_losses(each, y) for each in (new, old)]
            return np.asarray(losses[0] - losses[1])
        return None
    errors = [np.asarray(each, np.float64).reshape(len(y), -1) - y.reshape(len(y), -1) for each in (new, old)]
    if metric == "mse":
        return np.asarray((errors[0] ** 2).mean(axis=1) - (errors[1] ** 2).mean(axis=1))
    if metric == "mae":
        return np.asarray(np.abs(errors[0]).mean(axis=1) - np.abs(errors[1]).mean(axis=1))
    return None


def _log_losses(probabilities: Array, y: Array) -> Floats:
    tiny = np.finfo(probabilities.dtype).eps  # as trainables.scoring
    right = probabilities[np.arange(len(y)), y]
    return np.asarray(-np.log(np.clip(right, tiny, 1 - tiny)), np.float64)


def _bootstrap(
    task: Task, old: Array, new: Array, y: Array, metric: str, seed: int
) -> tuple[float, float, float] | None:
    rng = np.random.default_rng(seed)
    found = np.empty(DRAWS)
    for draw in range(DRAWS):
        rows = rng.integers(0, len(y), len(y))
        first, second = scores_of_each(task, np.stack([old[rows], new[rows]]), y[rows])
        found[draw] = second[metric] - first[metric]
    found = found[np.isfinite(found)]
    if len(found) < DRAWS * (1 - _ABSENT / 100):
        return None
    low, high = (float(value) for value in np.quantile(found, (0.025, 0.975)))
    share = min((found <= 0).sum(), (found >= 0).sum()) + 1
    return low, high, min(1.0, 2 * float(share) / (len(found) + 1))
