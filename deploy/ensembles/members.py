"""The members of an ensemble: trials of one run, opened again, and what they predict for the validation rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deploy.ensembles.crossfit import Rows
from deploy.errors import DeployError
from deploy.trained import Task, Trained
from search.errors import CheckpointError
from search.front import settled
from search.run import Run
from trainables.data.dataset import Array
from trainables.data.ties import ties_of
from trainables.scoring import CLASSIFICATION_SCORES, REGRESSION_SCORES

__all__ = ["Members", "open_members", "quality_of", "scored_by"]


@dataclass(frozen=True, eq=False)
class Members:
    """Trials that can be asked, the best first.

    Attributes:
        run: whose they are.
        trials: their ids.
        outputs: (members, rows, ...) for the validation rows.
        rows: what those rows are.
        task, labels: what is predicted.
        metric: by which members are chosen: the run's own, without its prefix; where that is no score of outputs, "log_loss"
            or "rmse".
        goal: which way it is good.
        left_out: a sentence for each trial that cannot be a member.
    """

    run: Run
    trials: tuple[str, ...]
    outputs: Array
    rows: Rows
    task: Task
    labels: tuple[str, ...]
    metric: str
    goal: str
    left_out: tuple[str, ...]


def open_members(
    run: Run, top: int, *, trust: bool = False, opened: Callable[[str, int], None] = lambda trial, of: None
) -> Members:
    """Open the best trials of a run and have them predict the validation rows.

    Args:
        top: how many, at least 2; those that cannot be opened are passed over for the next.
        trust: as of `Trained.open`.
        opened: called with each trial's id before it is opened, and with how many are wanted.

    Raises:
        DeployError: fewer than two can be opened; says why the first could not.
        TrustError, DataError: as `Trained.open`.
    """
    if top < 2:
        raise DeployError(f"--top {top}: an ensemble has two members and more")
    order = sorted(
        (t for t in settled(run.history) if t.best is not None and t.best.score is not None),
        key=lambda t: (t.best.score if t.best is not None and t.best.score is not None else np.inf, t.number),
    )
    found: list[tuple[str, Array]] = []
    left_out: list[str] = []
    first: Trained | None = None
    for trial in order:
        if len(found) == top:
            break
        opened(trial.id, min(top, len(order)))
        try:
            trained = Trained.open(run, trial.id, trust=trust)
            first = first or trained
            outputs = _outputs(trained, first)
        except (DeployError, CheckpointError) as error:
            left_out.append(f"{trial.id}: {error}")
            continue
        if any(np.array_equal(outputs, other) for _, other in found):
            left_out.append(f"{trial.id}: predicts exactly what another member does")
            continue
        found.append((trial.id, outputs))
    if len(found) < 2 or first is None:
        why = f" {left_out[0]}" if left_out else ""
        raise DeployError(
            f"{run.name} has {len(found)} trial{'s' if len(found) != 1 else ''} that can be a member, and an ensemble "
            f"takes two.{why}"
        )
    objective = run.history.problem.objective
    metric = scored_by(first.task, objective.metric)
    own = metric == _own(first.task, objective.metric)
    goal = objective.goal if own else "minimize"
    return Members(
        run,
        tuple(trial for trial, _ in found),
        np.stack([outputs for _, outputs in found]),
        _rows(first),
        first.task,
        first.labels,
        metric,
        goal,
        tuple(left_out),
    )


def scored_by(task: str, metric: str) -> str:
    """The score of `trainables.scoring` that a run's metric is, else "log_loss" of classes and "rmse" of values."""
    name = _own(task, metric)
    if task == "classification":
        return name if name in CLASSIFICATION_SCORES else "log_loss"
    return name if name in REGRESSION_SCORES else "rmse"


def _own(task: str, metric: str) -> str:
    name = metric.rpartition("/")[2]
    if name == "loss":
        return "log_loss" if task == "classification" else "mse"
    return name


def _outputs(trained: Trained, first: Trained) -> Array:
    """The predictions for the validation rows, float64.

    Raises:
        DeployError: they are of other rows than those of the first member, or no numbers.
    """
    if not np.array_equal(trained.data.valid_rows, first.data.valid_rows) or trained.labels != first.labels:
        raise DeployError(
            "was validated on other rows than the best trial, so their predictions cannot be joined"
        )
    outputs = np.asarray(trained.predict(trained.data.valid_x), np.float64)
    if not np.isfinite(outputs).all():
        raise DeployError("predicts something that is no finite number")
    return outputs


def _rows(trained: Trained) -> Rows:
    ties = ties_of(trained.records, trained.section, trained.target)
    here = np.searchsorted(trained.target.rows, trained.data.valid_rows)
    return Rows(
        trained.data.valid_y,
        classes=trained.task == "classification",
        groups=None if ties.groups is None else ties.groups[here],
        ordered=ties.times is not None,
    )


def quality_of(members: Members, y: Array) -> Callable[[Array], float]:
    """How good outputs for the rows of `y` are by the members' metric; larger is better."""
    from trainables.scoring import scores

    sign = 1.0 if members.goal == "maximize" else -1.0
    metric, task = members.metric, members.task
    if metric == "accuracy":
        return lambda outputs: sign * float((outputs.argmax(axis=1) == y).mean())
    if metric == "log_loss":
        at = np.arange(len(y))
        return lambda outputs: -sign * float(np.log(np.maximum(outputs[at, y], 2.3e-16)).mean())
    if metric in ("mse", "rmse") and y.ndim == 1:
        return lambda outputs: sign * float(((outputs - y) ** 2).mean() ** (0.5 if metric == "rmse" else 1.0))
    return lambda outputs: sign * scores(task, outputs, y)[metric]
