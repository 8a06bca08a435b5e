"""How the model stands noise and missing inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from deploy.validation.finding import Finding, Result
from deploy.validation.rows.base import Array
from deploy.validation.subject import Subject
from search.analysis.numbers import number, percent

__all__ = ["robustness"]

DRAWS = 3
"""Draws of the noise, averaged for each row: what is left is the uncertainty of the rows."""

DROP = 0.05
"""Of accuracy, or a share of the error, that is a warning where its interval is wholly above 0."""


def robustness(subject: Subject) -> Result:
    """The score under noise and with inputs missing, at several strengths; of a table also without each column.

    The rows are disturbed as they come, before the model's own preparation; what it does about missing values is part
    of what is measured.
    """
    rng = subject.generator("robustness")
    rows = subject.rows
    before = subject.each(subject.outputs)
    noise = [_at(subject, before, level, rows.noisy, rng) for level in rows.levels]
    lost = [_at(subject, before, share, rows.lost, rng) for share in rows.shares]
    without = []
    for part, name in enumerate(rows.parts):
        inputs = rows.without(part)
        if inputs is None:
            break
        after = subject.each(subject.trained.predict(inputs))
        worse, interval = subject.worse_by(before, after)
        without.append({"part": name, "worse": worse, "interval": list(interval)})
    without.sort(key=lambda each: -float(str(each["worse"])))
    clean = subject.score(before)
    findings = [
        _finding(subject, clean.value, noise[0], f"noise of {_spelled(rows.levels[0], rows.unit)}"),
        _finding(subject, clean.value, lost[0], f"{percent(rows.shares[0])} of {rows.losing}"),
    ]
    if without:
        findings.append(_without(subject, clean.value, without[0]))
    return Result(
        tuple(findings),
        {
            "clean": clean.to_json(),
            "noise": {"unit": rows.unit, "points": noise},
            "lost": {"what": rows.losing, "points": lost},
            "without": without,
        },
    )


def _at(
    subject: Subject,
    before: Array,
    strength: float,
    disturb: Callable[[float, np.random.Generator], Array],
    rng: np.random.Generator,
) -> dict[str, Any]:
    draws = [subject.each(subject.trained.predict(disturb(strength, rng))) for _ in range(DRAWS)]
    after = np.mean(draws, axis=0)
    worse, interval = subject.worse_by(before, after)
    return {
        "strength": strength,
        **subject.score(after).to_json(),
        "worse": worse,
        "worse_interval": list(interval),
    }


def _finding(subject: Subject, clean: float, point: dict[str, Any], cause: str) -> Finding:
    limit = DROP if subject.classifies else DROP * max(clean, 1e-12)
    says = f"With {cause} the {subject.measure} goes from {number(clean)} to {number(point['value'])}."
    augmented = "augmentation (`data.augmentation.strength`) or "
    helps = f"{'' if subject.trained.modality == 'table' else augmented}stronger regularisation"
    if point["worse"] > limit and point["worse_interval"][0] > 0:
        return Finding(
            "warn",
            says,
            f"Train with {helps}, and check how exact and whole the inputs are where it will serve.",
        )
    return Finding("pass", says)


def _without(subject: Subject, clean: float, worst: dict[str, Any]) -> Finding:
    limit = 2 * DROP if subject.classifies else 2 * DROP * max(clean, 1e-12)
    moved = f"{number(worst['worse'], 2)} of {subject.measure}"
    says = f"Without the column '{worst['part']}' it loses most: {moved}."
    if worst["worse"] > limit and worst["interval"][0] > 0:
        return Finding("warn", says, f"Watch '{worst['part']}' where it serves: alarm when it is missing.")
    return Finding("pass", says)


def _spelled(level: float, unit: str) -> str:
    return f"{percent(level)} {unit}" if unit.startswith("of the words") else f"{level:g} {unit}"
