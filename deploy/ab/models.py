"""Two model folders on one file of rows with their right answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.ab.paired import Paired, compare
from deploy.ensembles.members import scored_by
from deploy.errors import DeployError
from deploy.prediction.reading import chunks_of
from trainables.data.dataset import Array
from trainables.errors import nearest

if TYPE_CHECKING:
    from deploy.model import Model

__all__ = ["aligned", "compare_models"]

ROWS = 5000  # that are read at once


def compare_models(
    old: Model, new: Model, source: str, *, metric: str | None = None, query: str | None = None, seed: int = 0
) -> tuple[Paired, int]:
    """Have both models answer the rows of a table, and compare them row by row.

    Args:
        source: a file or a database as of `tuneyard predict`, with the column of the target.
        metric: of `trainables.scoring`; None = the metric of the new model's run.
        seed: of the bootstrap.

    Returns:
        the comparison, and how many rows were left out: those that a model cannot use, or that have no right answer.

    Raises:
        DeployError: the models do not predict the same, or rows of a table; no row can be used. DataError: it cannot be read.
    """
    target, task = new.schema.target, new.schema.task
    if (old.schema.task, old.schema.target) != (task, target):
        raise DeployError(
            f"{old.folder} predicts {old.schema.target or old.schema.task}, and {new.folder} {target or task}; compare models "
            "that predict the same"
        )
    if new.schema.modality != "table" or not target:
        raise DeployError(
            f"models of {new.schema.modality} data are compared from Python: deploy.ab.compare takes their outputs"
        )
    outputs: tuple[list[Array], list[Array]] = ([], [])
    answers: list[Any] = []
    seen = 0
    for chunk in chunks_of(source, ROWS, query=query):
        seen += len(chunk.records)
        good = _usable([old, new], chunk.records, target, texts=chunk.texts)
        if good:
            answers += [record[target] for record in good]
            for model, held in zip((old, new), outputs, strict=True):
                raw, _ = model.schema.check(good, texts=chunk.texts)
                held.append(np.asarray(model.outputs(model.inputs(raw)), np.float64))
    if not answers:
        raise DeployError(
            f"{source}: none of its {seen} rows can be used; they need the model's columns, and {target!r}"
        )
    joined = [np.concatenate(held) for held in outputs]
    metric = metric or scored_by(task, str(new.card["metric"]))
    if task != "classification":
        found = compare(task, joined[0], joined[1], _numbers(answers, source, target), metric, seed=seed)
    else:
        known = {*old.schema.labels, *new.schema.labels}
        if (label := str(answers[0])) not in known:
            raise DeployError(f"{source}: {label!r} is no class of {target!r}; {nearest(label, known)}")
        first, second, y = aligned(
            (joined[0], old.schema.labels),
            (joined[1], new.schema.labels),
            [str(answer) for answer in answers],
        )
        found = compare(task, first, second, y, metric, seed=seed)
    return found, seen - len(answers)


def aligned(
    old: tuple[Array, tuple[str, ...]], new: tuple[Array, tuple[str, ...]], answers: list[str]
) -> tuple[Array, Array, Array]:
    """Probabilities of two models and the right answers, all over the same classes; of one that a model does not know 0.

    Args:
        old, new: probabilities (rows, classes), and the names of the classes.
        answers: (rows,) the name of the right class.
    """
    labels = list(dict.fromkeys([*new[1], *old[1], *answers]))
    place = {label: number for number, label in enumerate(labels)}
    wide = []
    for probabilities, own in (old, new):
        spread = np.zeros((len(probabilities), len(labels)))
        spread[:, [place[label] for label in own]] = probabilities
        wide.append(spread)
    return wide[0], wide[1], np.array([place[answer] for answer in answers])


def _usable(
    models: list[Model], records: tuple[Any, ...], target: str, *, texts: bool
) -> list[Mapping[str, Any]]:
    """The records that both models can use and that have a right answer."""
    read = [each for each in records if isinstance(each, Mapping) and each.get(target) not in (None, "")]
    broken = {fault.row for model in models for fault in model.schema.check(read, texts=texts)[1]}
    return [record for row, record in enumerate(read) if row not in broken]


def _numbers(answers: list[Any], source: str, target: str) -> Array:
    try:
        return np.array([float(answer) for answer in answers])
    except (TypeError, ValueError) as error:
        raise DeployError(f"{source}: column {target!r} holds something that is no number: {error}") from None
