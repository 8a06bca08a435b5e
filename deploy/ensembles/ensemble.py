"""An ensemble of a run's trials: made, measured, written beside the run, and opened again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from deploy.ab.paired import Paired
from deploy.ensembles.blends import Blend, Mean, Vote, blend_of
from deploy.ensembles.crossfit import crossfit
from deploy.ensembles.greedy import select
from deploy.ensembles.members import Members, open_members, quality_of
from deploy.ensembles.stacking import stack
from deploy.errors import DeployError
from deploy.trained import Trained
from search.paths import write_atomic
from search.run import Run
from trainables.data.dataset import Array
from trainables.errors import nearest

__all__ = ["METHODS", "Ensemble", "Made", "Method", "ensemble"]

Method = Literal["average", "vote", "stack", "greedy"]
METHODS: tuple[Method, ...] = get_args(Method)

FORMAT = 1
TOP = 20


@dataclass(frozen=True)
class Made:
    """An ensemble, and what it is worth.

    Attributes:
        run: the run's name. method, seed: how it was made.
        task, labels: what is predicted.
        members: ids of the trials that were asked, the best first.
        blend: how their outputs become one, made on all validation rows.
        measured: the ensemble against the single best trial, on rows that had no part in making or choosing either; "old"
            is the single trial, "new" the ensemble.
        best: the single best trial by all validation rows.
        left_out: a sentence for each trial that could not be a member.
        dependent: whether the rows are groups or follow each other in time, which the interval does not know.
    """

    run: str
    method: Method
    seed: int
    task: str
    labels: tuple[str, ...]
    members: tuple[str, ...]
    blend: Blend
    measured: Paired
    best: str
    left_out: tuple[str, ...]
    dependent: bool = False

    @property
    def verdict(self) -> str:
        """Whether it pays, in a sentence."""
        found = self.measured
        if found.low is None:
            return f"Whether it pays cannot be told: {found.test}. Ship the single trial."
        narrow = (
            " Rows of a group or a series are alike, so the interval is too narrow." if self.dependent else ""
        )
        if found.better:
            return f"The ensemble is better than the single best trial.{narrow}"
        if found.worse:
            return f"The ensemble is worse than the single best trial. Ship that one.{narrow}"
        return (
            "The difference is within noise: the interval holds 0. Ship the single trial, which is cheaper."
        )

    def to_json(self) -> dict[str, Any]:
        """What `ensemble.json` holds."""
        return {
            "format": FORMAT,
            "run": self.run,
            "method": self.method,
            "seed": self.seed,
            "task": self.task,
            "labels": list(self.labels),
            "members": [
                {"trial": trial, "weight": weight}
                for trial, weight in zip(self.members, self.blend.weights, strict=True)
            ],
            "blend": self.blend.to_json(),
            "measured": self.measured.to_json(),
            "best": self.best,
            "verdict": self.verdict,
            "left_out": list(self.left_out),
            "dependent": self.dependent,
        }


def ensemble(
    run: Run,
    method: Method = "greedy",
    *,
    top: int = TOP,
    seed: int = 0,
    trust: bool = False,
    opened: Callable[[str, int], None] = lambda trial, of: None,
) -> Made:
    """Make an ensemble of the best trials of a run, measure it, and write it into the run directory.

    It is measured by cross-fitting over the validation rows (`crossfit`), against the single best trial chosen in the same
    way. The sweep has chosen its trials by these rows, too, so the values of both are too good; their difference is what
    counts.

    Args:
        method: average: the mean; vote: of classes the share of votes, of values the median; stack: a linear model over
            their outputs; greedy: selection with replacement.
        top: members to choose from, best first.
        seed: of the folds and bags.
        trust, opened: as of `open_members`.

    Raises:
        DeployError: no such method, or as `open_members`.
    """
    if method not in METHODS:
        raise DeployError(f"there is no method {method!r}; {nearest(str(method), METHODS)}")
    members = open_members(run, top, trust=trust, opened=opened)
    blend, measured, best = fitted(members, method, seed)
    made = Made(
        run.name, method, seed, members.task, members.labels, members.trials, blend, measured, members.trials[best],
        members.left_out, dependent=members.rows.ordered or members.rows.groups is not None,
    )  # fmt: skip
    if run.paths is not None:
        write_atomic(run.paths.ensemble, json.dumps(made.to_json(), indent=1) + "\n")
    return made


def fitted(members: Members, method: Method, seed: int) -> tuple[Blend, Paired, int]:
    """The blend made on all rows, its worth, and the position of the single best member."""
    of_folds, of_blend, of_all = (np.random.default_rng([seed, stream]) for stream in range(3))

    def fit(rng: np.random.Generator) -> Callable[[Array, Array], Blend]:
        return lambda outputs, y: _blend(members, method, outputs, y, rng)

    def best(outputs: Array, y: Array) -> int:
        quality = quality_of(members, y)
        return int(np.argmax([quality(each) for each in outputs]))

    measured = crossfit(
        members.outputs,
        members.rows,
        members.task,
        members.metric,
        members.goal,
        fit(of_blend),
        best,
        of_folds,
    )
    return fit(of_all)(members.outputs, members.rows.y), measured, best(members.outputs, members.rows.y)


def _blend(members: Members, method: Method, outputs: Array, y: Array, rng: np.random.Generator) -> Blend:
    if method == "average":
        return Mean((1 / len(outputs),) * len(outputs))
    if method == "vote":
        return Vote(len(outputs), bool(members.labels))
    if method == "stack":
        return stack(outputs, y, len(members.labels), rng)
    return select(outputs, quality_of(members, y), rng)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """An ensemble that was made, its members opened again; make one with `open`.

    Attributes:
        members: the trials that weigh anything, in the order of the blend.
        blend: how their outputs become one.
        labels: names of the classes; () where values are predicted.
    """

    members: tuple[Trained, ...]
    blend: Blend
    labels: tuple[str, ...]

    @classmethod
    def open(cls, run: Run, *, trust: bool = False) -> Ensemble:
        """Open what `ensemble` wrote into the run directory.

        Raises:
            DeployError: there is none, it is damaged, or as `Trained.open`.
        """
        found = _read(run)
        try:
            trials = [str(each["trial"]) for each in found["members"]]
            blend, labels = blend_of(found["blend"]), tuple(map(str, found["labels"]))
        except (KeyError, TypeError) as error:
            raise _damaged(run, error) from None
        if len(blend.weights) != len(trials):
            raise _damaged(run, ValueError(f"{len(blend.weights)} weights for {len(trials)} members"))
        if isinstance(blend, Mean):  # who weighs nothing need not be opened
            weighing = [i for i, weight in enumerate(blend.weights) if weight > 0]
            trials, blend = [trials[i] for i in weighing], Mean(tuple(blend.weights[i] for i in weighing))
        return cls(tuple(Trained.open(run, trial, trust=trust) for trial in trials), blend, labels)

    def predict(self, raw: Any) -> Array:
        """What all members together say of raw rows, as `Trained.raw` gives them.

        Returns:
            Probabilities (rows, classes), or values as of `Trained.predict`.
        """
        return self.blend.apply(
            np.stack([np.asarray(each.predict(each.inputs(raw)), np.float64) for each in self.members])
        )


def _read(run: Run) -> Mapping[str, Any]:
    file = None if run.paths is None else run.paths.own_file(run.paths.ensemble)
    if file is None:
        raise DeployError(f"{run.name} has no ensemble. Make one: tuneyard ensemble {run.name}")
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r}; this version reads {FORMAT}")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(run, error) from None
    assert isinstance(found, dict)
    return found


def _damaged(run: Run, error: Exception) -> DeployError:
    return DeployError(
        f"the ensemble of {run.name} is damaged: {error}. Make it again: tuneyard ensemble {run.name}"
    )
