"""Still improving: the best trials had not arrived when their steps ran out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from search.analysis.checks.base import Finding, cannot_tell
from search.analysis.checks.traces import LEVEL, TOP, Trace, at_full_length, falling, objective_of
from search.analysis.numbers import number, percent
from search.history import History
from search.trial import Trial

__all__ = ["still_improving"]

NEEDED = 8
"""Values of the objective below which the end of a curve is not judged."""

MATERIAL = 0.04
"""The last quarter must have brought this share of all that the trial gained: a curve that levels off never quite stops."""


def still_improving(history: History) -> list[Finding]:
    """Of the best trial at full length, with the count of such trials among the top ten.

    A trial improves at its end where its last quarter (five values or more) falls by Mann's trend test at 1 %, and
    brought at least 4 % of its whole gain. Trials that end themselves before `max_steps` have had the steps they wanted.
    """
    steps = history.problem.max_steps
    if steps == 1:
        return []
    trials = at_full_length(history)
    top = [(trial, trace) for trial in trials[:TOP] if len(trace := objective_of(trial)) >= NEEDED]
    if not top or top[0][0] is not trials[0]:
        few = (
            f"The best trial at full length has fewer than {NEEDED} values."
            if trials
            else "No trial was seen to its end."
        )
        return [cannot_tell("still_improving", few)]
    gains = [_gain(trace) if trial.steps >= steps else None for trial, trace in top]
    improving = [gain is not None for gain in gains]
    best, trace = top[0]
    evidence: dict[str, Any] = {
        "trial": best.id,
        "share_of_gain_in_last_quarter": gains[0],
        "improving": sum(improving),
        "top": len(top),
        "max_steps": steps,
    }
    others = f"{sum(improving)} of the top {len(top)} still improve at step {steps}"
    if not improving[0] and 2 * sum(improving) <= len(top):
        says = f"The best trial, {best.id}, had levelled off by step {best.steps}; {others}."
        return [Finding("still_improving", "pass", says, best.id, evidence)]
    says = f"{others}." if not improving[0] else _says(history, best, trace, gains[0], others)
    more = 2 * steps
    return [
        Finding(
            "still_improving",
            "warn",
            says,
            best.id,
            evidence,
            next=f"Give trials more steps, {more} for {steps}; a schedule of the learning rate has to be as long.",
            picture=_picture(history, top[:3]),
        )
    ]


def _gain(trace: Trace) -> float | None:
    """Share of the whole gain that the last quarter brought; None where it does not improve."""
    count = max(5, math.ceil(len(trace) / 4))
    late = trace.values[-count:]
    whole = float(trace.values[0] - trace.values[-2:].mean())
    if whole <= 0 or falling(late) >= LEVEL:
        return None
    edge = max(1, count // 3)
    share = float(late[:edge].mean() - late[-edge:].mean()) / whole
    return share if share >= MATERIAL else None


def _says(history: History, best: Trial, trace: Trace, gain: float | None, others: str) -> str:
    metric, value = history.problem.objective.metric, history.problem.objective.value
    assert gain is not None
    return (
        f"The best trial, {best.id}, still improved at its last step: {percent(gain)} of what it gained in {metric} came "
        f"in its last quarter (now {number(value(float(trace.values[-1])))}); {others}."
    )


def _picture(history: History, top: list[tuple[Trial, Trace]]) -> dict[str, Any]:
    steps = top[0][1].steps
    value = history.problem.objective.value
    lines = {
        trial.id: [value(float(v)) for v in np.interp(steps, trace.steps, trace.values)]
        for trial, trace in top
    }
    return {"kind": "line", "x": steps.tolist(), "lines": lines, "mark": None}
