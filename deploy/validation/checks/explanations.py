"""What the model goes by: over all rows, and for a few of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from deploy.validation.finding import Finding, Result
from deploy.validation.gradients import integrated_gradients
from deploy.validation.intervals import mean_interval
from deploy.validation.rows import Rows
from deploy.validation.rows.base import Array
from deploy.validation.shift import holm
from deploy.validation.subject import Subject
from deploy.validation.surrogate import explain_row
from search.analysis.numbers import number, percent
from search.analysis.paired import t_test

__all__ = ["explanations"]

ROWS, REPEATS, PREDICTIONS = 500, 5, 300
"""Rows whose parts are shuffled; how often; and how many predictions of all rows that may cost."""

LEVEL = 0.05
"""Of the tests that a part matters, corrected for the number of parts (Holm)."""

ALONE = 0.9
"""Share of what the model knows that one part alone may give before it is a warning."""

EXPLAINED, EFFECTS = 4, 8


def explanations(subject: Subject) -> Result:
    """Permutation importance of every part of the inputs, what the strongest gives alone, gradients, and single rows."""
    rng = subject.generator("explanations")
    some = np.sort(rng.permutation(len(subject.y))[:ROWS])
    rows = subject.rows.take(some)
    importance = _importance(subject, rows, some, rng)
    hans = _alone(subject, rows, some, importance, rng)
    numbers: dict[str, Any] = {
        "importance": importance,
        "rows": len(some),
        "alone": hans,
        "gradients": integrated_gradients(subject.trained, subject.x[some]),
        "examples": _examples(subject, rng),
    }
    return Result(tuple(_findings(subject, importance, hans)), numbers)


def _importance(subject: Subject, rows: Rows, some: Array, rng: np.random.Generator) -> list[dict[str, Any]]:
    """How much worse each row is done when a part of it comes from another row (Breiman 2001, Fisher et al. 2019)."""
    if not rows.parts:
        return []
    repeats = max(1, min(REPEATS, PREDICTIONS // len(rows.parts)))
    outputs = subject.outputs[some]
    before, right = subject.harm(outputs, some), subject.each(outputs, subject.y[some])
    orders = [_others(len(some), rng) for _ in range(repeats)]
    found: list[dict[str, Any]] = []
    p: list[float] = []
    for part, name in enumerate(rows.parts):
        shuffled = [subject.trained.predict(rows.shuffled([part], order)) for order in orders]
        harm = np.mean([subject.harm(each, some) for each in shuffled], axis=0) - before
        after = np.mean([subject.each(each, subject.y[some]) for each in shuffled], axis=0)
        worse, worse_interval = subject.worse_by(right, after)
        p.append(t_test(harm) if len(harm) > 1 else 1.0)
        found.append(
            {
                "part": name,
                "harm": float(harm.mean()),
                "interval": list(mean_interval(harm)),
                "worse": worse,
                "worse_interval": list(worse_interval),
            }
        )
    for each, adjusted in zip(found, holm(p), strict=True):
        each["adjusted"] = float(adjusted)
    return sorted(found, key=lambda each: -float(str(each["harm"])))


def _alone(
    subject: Subject, rows: Rows, some: Array, importance: list[dict[str, Any]], rng: np.random.Generator
) -> dict[str, Any] | None:
    """How much of what all parts give together the strongest gives alone, all others shuffled."""
    if len(rows.parts) < 2 or not rows.whole:
        return None
    strongest = rows.parts.index(str(importance[0]["part"]))
    y, order = subject.y[some], _others(len(some), rng)
    with_all = float(subject.each(subject.outputs[some], y).mean())
    with_one = float(subject.each(subject.trained.predict(rows.only([strongest], order)), y).mean())
    with_none = float(subject.each(subject.trained.predict(rows.only([], order)), y).mean())
    gain = with_all - with_none
    share = (with_one - with_none) / gain if abs(gain) > 1e-12 else 0.0
    return {
        "part": rows.parts[strongest],
        "all": with_all,
        "one": with_one,
        "none": with_none,
        "share": float(np.clip(share, 0.0, 1.0)),
    }


def _findings(
    subject: Subject, importance: list[dict[str, Any]], hans: dict[str, Any] | None
) -> list[Finding]:
    if not importance:
        return [
            Finding(
                "cannot tell",
                "Its rows have no parts in common that could be shuffled; single rows are explained.",
            )
        ]
    counted = [each for each in importance if each["harm"] > 0 and each["adjusted"] <= LEVEL]
    if not counted and not subject.rows.whole:
        return [
            Finding(
                "pass",
                f"None of the {len(importance)} most frequent words matters by itself; single rows are explained.",
            )
        ]
    if not counted:
        return [
            Finding(
                "warn",
                "No part of the inputs matters beyond chance: shuffling any one of them costs nothing that can be seen.",
                "Compare the score with that of a guess; the model may have learnt nothing, or its inputs repeat each other.",
            )
        ]
    first = counted[0]
    says = f"It goes by '{first['part']}' most: shuffled, it loses {number(first['worse'], 2)}. "
    says += f"{len(counted)} of {len(importance)} parts matter beyond chance."
    forecasts = subject.trained.task == "forecasting"  # whose last values may well say all
    if hans is not None and hans["share"] >= ALONE and not forecasts:
        return [
            Finding(
                "warn",
                f"'{hans['part']}' alone gives {percent(hans['share'])} of what the model knows "
                f"({number(hans['one'])} with it alone, {number(hans['all'])} with all, {number(hans['none'])} with none).",
                "Is it known when the model is asked, or is it a trace of the answer (Clever Hans)? Leave it out with "
                "`data.columns.ignore` and train again to see what the rest can do.",
            )
        ]
    return [Finding("pass", says)]


def _examples(subject: Subject, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Rows worth a look, each explained by a linear model around it."""
    found = []
    for row, why in _worth_a_look(subject):
        parts = subject.rows.parts_of(row)
        if not parts:
            continue
        answer = int(subject.outputs[row].argmax()) if subject.classifies else 0

        def output(masks: Array, row: int = row, answer: int = answer) -> Array:
            said = subject.trained.predict(subject.rows.masked(row, masks))
            return said[:, answer] if subject.classifies else said.reshape(len(masks), -1).mean(axis=1)

        local = explain_row(output, len(parts), rng)
        order = np.argsort(-np.abs(local.effects), kind="stable")[:EFFECTS]
        true = (
            subject.label(int(subject.y[row]))
            if subject.classifies
            else f"{float(np.mean(subject.y[row])):.4g}"
        )
        found.append(
            {
                "row": int(subject.trained.data.valid_rows[subject.numbers[row]]),
                "why": why,
                "answer": subject.answers([row])[0],
                "true": true,
                "fit": local.fit,
                "effects": [{"part": parts[k], "effect": float(local.effects[k])} for k in order],
            }
        )
    return found


def _worth_a_look(subject: Subject) -> list[tuple[int, str]]:
    harm = subject.harm(subject.outputs)
    worst, best = int(harm.argmax()), int(harm.argmin())
    if not subject.classifies:
        middle = int(np.argsort(harm, kind="stable")[len(harm) // 2])
        return _once([(worst, "largest error"), (middle, "usual error"), (best, "smallest error")])
    confidence = subject.outputs.max(axis=1)
    right = subject.each(subject.outputs) > 0
    found = []
    if (~right).any():
        found.append((int(np.where(right, -1, confidence).argmax()), "surest mistake"))
    found.append((int(confidence.argmin()), "least sure"))
    if right.any():
        found.append((int(np.where(right, confidence, -1).argmax()), "surest right answer"))
    return _once(found)[:EXPLAINED]


def _once(found: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return [each for place, each in enumerate(found) if each[0] not in {row for row, _ in found[:place]}]


def _others(rows: int, rng: np.random.Generator) -> Array:
    """For each row another one, every row once."""
    order = rng.permutation(rows)
    partner = np.empty(rows, np.int64)
    partner[order] = np.roll(order, 1)
    return partner
