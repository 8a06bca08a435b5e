"""What all trainables that learn from a `Dataset` have in common: metric and view follow from the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trainables.base import Declaration, Goal
from trainables.data import check_rows, modality_of, task_of, views_of
from trainables.data.dataset import View
from trainables.errors import DataError

__all__ = ["declaration_for", "view_for"]

GOALS: dict[str, Goal] = {
    "train/loss": "minimize",
    "val/loss": "minimize",
    **{
        f"val/{name}": "maximize"
        for name in ("accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "r2")
    },
    **{f"val/{name}": "minimize" for name in ("log_loss", "mse", "rmse", "mae", "mape")},
}
"""Which way the metrics are good that every learner reports (`trainables.scoring`)."""


def declaration_for(
    declared: Declaration,
    data: Mapping[str, Any] | None,
    *,
    owner: str = "",
    views: Sequence[View] = (),
) -> Declaration:
    """The declaration for this data: predicted numbers minimise "val/rmse" instead.

    Args:
        declared: for a classification.
        data: the data section; None = not known yet.
        owner: the trainable's name, for messages.
        views: what it can read; () = anything.

    Raises:
        DataError: the data cannot be read or split as asked, has no right answers, or no view that the trainable can
            read.
    """
    declared = replace(declared, goals={**GOALS, **declared.goals})
    if data is None:
        return declared
    if views:
        view_for(data, views, owner)
    task = task_of(data)
    if task == "generation":
        raise DataError(
            f"data.task: {owner or 'this trainable'} learns to predict, and a generation has nothing to predict; "
            "take vae or gan, or name a target"
        )
    check_rows(data)
    return declared if task == "classification" else replace(declared, metric="val/rmse", goal="minimize")


def view_for(data: Mapping[str, Any] | str, views: Sequence[View], owner: str) -> View:
    """The first of the views that this data offers.

    Raises:
        DataError: it offers none of them.
    """
    modality = modality_of(data)
    offered = views_of(modality)
    for view in views:
        if view in offered:
            return view
    raise DataError(
        f"data: {owner} reads {' or '.join(views)}, and {modality} data comes as {' or '.join(offered)}; "
        "take another trainable for it, or say in data.modality what else a row is"
    )
