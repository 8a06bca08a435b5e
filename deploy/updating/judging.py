"""Whether a new model takes an old one's place: compared on rows that neither was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deploy.ab.models import aligned
from deploy.ab.paired import Paired, compare
from deploy.updating.rows import Part

if TYPE_CHECKING:
    from deploy.model import Model

__all__ = ["Judgement", "judge"]


@dataclass(frozen=True)
class Judgement:
    """The comparison, and what follows from it.

    Attributes:
        new_rows: on rows of the new data that were set aside. old_rows: on rows that the old model was validated on.
        promote: whether the new model takes the old one's place.
        reason: why, in a sentence.
    """

    new_rows: Paired
    old_rows: Paired
    promote: bool
    reason: str


def judge(
    old: Model,
    new: Model,
    new_part: Part,
    old_part: Part,
    metric: str,
    goal: str,
    seed: int,
    *,
    new_alone: bool = False,
) -> Judgement:
    """Compare two models and decide.

    The new one is promoted where it is better on the new rows and not worse on the old ones, or better on the old ones and
    not worse on the new; where the new rows count alone (`new_alone`), if it is better on them.
    "Better" and "worse": the interval of 95 % of the paired difference lies on one side of 0. Where nothing can be said of
    rows that count (a model put out no numbers there, say), the new one is not promoted.
    """
    found = [_compared(old, new, part, metric, goal, seed) for part in (new_part, old_part)]
    promote, reason = _decide(found[0], found[1], new_alone=new_alone)
    return Judgement(found[0], found[1], promote, reason)


def _decide(new_rows: Paired, old_rows: Paired, *, new_alone: bool) -> tuple[bool, str]:
    counted = [(new_rows, "new")] if new_alone else [(new_rows, "new"), (old_rows, "old")]
    for found, name in counted:
        if found.worse:
            return False, f"it is worse on the {name} rows: {_told(found)}"
    for found, name in counted:
        if found.low is None:
            return False, f"nothing can be said of the {name} rows: {found.test}"
    for found, name in counted:
        if found.better:
            beside = "" if new_alone else f", and not worse on the {'old' if name == 'new' else 'new'} ones"
            return True, f"it is better on the {name} rows: {_told(found)}{beside}"
    return False, f"no difference is shown on the new rows: {_told(new_rows)}; the one in production stays"


def _told(found: Paired) -> str:
    return f"{found.metric} {found.difference:+.4g} [{found.low:+.4g}, {found.high:+.4g}]"


def _compared(old: Model, new: Model, part: Part, metric: str, goal: str, seed: int) -> Paired:
    outputs = [np.asarray(model.outputs(model.inputs(part.raw)), np.float64) for model in (old, new)]
    task = new.schema.task
    if task != "classification":
        return compare(task, outputs[0], outputs[1], part.y.astype(np.float64), metric, goal=goal, seed=seed)
    first, second, y = aligned(
        (outputs[0], old.schema.labels), (outputs[1], new.schema.labels), part.y.tolist()
    )
    return compare(task, first, second, y, metric, goal=goal, seed=seed)
