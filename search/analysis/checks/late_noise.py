"""Late noise: the objective jumps more from step to step than the top trials differ, so their order is luck."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from search.analysis.checks.base import Finding, cannot_tell
from search.analysis.checks.traces import TOP, Floats, at_full_length, objective_of, typical
from search.analysis.numbers import number
from search.history import History

__all__ = ["late_noise"]

NEEDED = 8
"""Values of the objective below which the end of a curve is not judged."""

FEWEST = 5
"""Curves below which there are no differences to compare with."""

MATERIAL = 0.2
"""Noise below this share of the spread of all trials at full length is fine detail between equals."""

EARLY = 12
"""Trials asked for first that tell the spread of the space, too: a method that has learnt draws all others close together."""


def late_noise(history: History) -> list[Finding]:
    """Of the last quarter of the top trials (ten at most).

    `noise`: median over them of the s.d. around a straight line. `spread`: s.d. of their levels there, less what the
    noise adds to it. `spread_of_all`: of a sample of all trials at full length, or of the first ones where they differ more,
    from the quartiles.
    """
    if history.problem.max_steps == 1:
        return []
    every = [
        late
        for trial in typical(at_full_length(history))
        if (late := _late(objective_of(trial).values)) is not None
    ]
    top = [
        late
        for trial in at_full_length(history)[:TOP]
        if (late := _late(objective_of(trial).values)) is not None
    ]
    first = [
        late
        for trial in sorted(at_full_length(history), key=lambda trial: trial.number)[:EARLY]
        if (late := _late(objective_of(trial).values)) is not None
    ]
    if len(top) < FEWEST:
        why = f"{len(top)} curves of {NEEDED} values and more were seen to their end; {FEWEST} are needed."
        return [cannot_tell("late_noise", why)]
    unit = max(float(np.abs(late).max()) for late in (*top, *every)) or 1.0  # squares of huge values overflow
    every, top = [late / unit for late in every], [late / unit for late in top]
    sigma = float(np.median([_around_a_line(late) for late in top]))
    levels = [float(late.mean()) for late in top]
    added = float(np.mean([1 / len(late) for late in top])) * sigma**2
    spread = math.sqrt(max(0.0, float(np.var(levels, ddof=1)) - added))
    overall = max(_spread(every), _spread([late / unit for late in first]))
    evidence: dict[str, Any] = {
        "noise": sigma * unit,
        "spread": spread * unit,
        "spread_of_all": overall * unit,
        "top": len(top),
        "values": len(top[0]),
    }
    metric = history.problem.objective.metric
    says = (
        f"In the last quarter of the top {len(top)}, {metric} jumps by {number(sigma * unit, 2)} from step to step (s.d.); "
        f"they differ by {number(spread * unit, 2)}."
    )
    if sigma <= spread or sigma <= MATERIAL * overall:
        return [Finding("late_noise", "pass", says, evidence=evidence)]
    return [
        Finding(
            "late_noise",
            "warn",
            f"{says} The best value over the steps rewards the luckiest of them.",
            evidence=evidence,
            next=(
                "Confirm the top over fresh seeds; let the learning rate fall to the end (schedule: cosine), average the "
                "weights (ema), use larger batches or more validation rows."
            ),
            picture=_picture(history),
        )
    ]


def _late(values: Floats) -> Floats | None:
    """The last quarter, five values at least; None of a curve that is too short."""
    return values[-max(5, math.ceil(len(values) / 4)) :] if len(values) >= NEEDED else None


def _spread(lates: list[Floats]) -> float:
    """Standard deviation of the levels, from their quartiles."""
    low, high = np.quantile([late.mean() for late in lates], (0.25, 0.75))
    return float(high - low) / 1.349


def _around_a_line(late: Floats) -> float:
    """Standard deviation around the line of least squares."""
    x = np.arange(len(late)) - (len(late) - 1) / 2
    rest = late - late.mean() - x * (x @ late) / (x @ x)
    return math.sqrt(float(rest @ rest) / (len(late) - 2))


def _picture(history: History) -> dict[str, Any]:
    traces = {trial.id: objective_of(trial) for trial in at_full_length(history)[:3]}
    steps = next(iter(traces.values())).steps
    value = history.problem.objective.value
    lines = {
        name: [value(float(v)) for v in np.interp(steps, each.steps, each.values)]
        for name, each in traces.items()
        if len(each)
    }
    return {"kind": "line", "x": steps.tolist(), "lines": lines, "mark": None}
