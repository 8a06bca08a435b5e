"""Saturated: the top trials had arrived long before their steps ran out; fewer steps would do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from search.analysis.checks.base import Finding, cannot_tell
from search.analysis.checks.still_improving import still_improving
from search.analysis.checks.traces import TOP, Floats, at_full_length, noise, objective_of
from search.analysis.numbers import number, percent, plural
from search.history import History

__all__ = ["saturated"]

NEEDED = 8
"""Steps below which there is nothing to save that is worth a sentence."""

FEWEST = 3
"""Trials at full length below which nothing is said: their curves are averaged against the noise."""

ARRIVED = 0.02
"""Within this share of the whole gain of its lowest value, a curve has arrived ..."""

APART = 0.5
"""... and within this share of the s.d. of the top trials' best values, where that is less: it would change their order."""

EARLY = 0.5
"""Arriving by this share of the steps is early."""

RESERVE = 1.2
"""Steps proposed, as a multiple of those after which the top had arrived."""


def saturated(history: History) -> list[Finding]:
    """Of the mean curve of the top trials (ten at most) that ran to `max_steps`; the best of them must agree.

    Passes where the best still improve at their end (`still_improving`), however flat the mean is: only one of more and
    fewer steps can be right.

    `saves`: steps that trials did beyond those proposed, as a share of all steps of the sweep.
    """
    steps = history.problem.max_steps
    if steps < NEEDED:
        return []
    top = [trial for trial in at_full_length(history)[:TOP] if trial.steps >= steps]
    traces = [trace for trial in top if len(trace := objective_of(trial)) == steps]
    if len(traces) < FEWEST:
        why = (
            f"{plural(len(traces), 'trial')} of the top reported every step to the end; {FEWEST} are needed."
        )
        return [cannot_tell("saturated", why)]
    mean = np.mean([trace.values for trace in traces], axis=0)
    level = _levelled(mean)
    gain = float(mean[0] - level.min())
    if gain <= 4 * noise(mean):
        why = f"The top trials gain no more than their noise in {steps} steps."
        return [cannot_tell("saturated", why)]
    apart = float(np.std([trace.values.min() for trace in traces], ddof=1)) or math.inf
    near = max(min(ARRIVED * gain, APART * apart), 2 * noise(mean) / math.sqrt(_width(steps)))
    arrived = 1 + int(np.argmax(np.minimum.accumulate(level) <= level.min() + near))
    proposed = min(steps, math.ceil(RESERVE * arrived))
    best, then = (min(float(trace.values[:by].min()) for trace in traces) for by in (steps, proposed))
    spent = sum(max(0, trial.steps - proposed) for trial in history.trials) / history.steps_total
    behind = min(float(_levelled(trace.values[:proposed]).min()) for trace in traces)
    behind -= min(float(_levelled(trace.values).min()) for trace in traces)
    value, metric = history.problem.objective.value, history.problem.objective.metric
    evidence: dict[str, Any] = {
        "arrived": arrived,
        "near": near,
        "max_steps": steps,
        "top": len(traces),
        "proposed": proposed,
        "best_by_then": value(then),
        "best": value(best),
        "saves": spent,
    }
    says = f"{metric} of the top {len(traces)} is on average within {number(near, 2)} of its best by step {arrived} of {steps}"
    if arrived > EARLY * steps or behind > max(near, 2 * noise(traces[0].values)):
        return [Finding("saturated", "pass", f"{says}.", evidence=evidence)]
    if any(found.verdict == "warn" for found in still_improving(history)):
        return [
            Finding(
                "saturated", "pass", f"{says}, but the best still improve at their end.", evidence=evidence
            )
        ]
    return [
        Finding(
            "saturated",
            "warn",
            (
                f"{says}. {plural(proposed, 'step').capitalize()} instead give {number(evidence['best_by_then'])} (now "
                f"{number(evidence['best'])}) for {percent(spent)} fewer steps of the sweep."
            ),
            evidence=evidence,
            next=f"Train for {plural(proposed, 'step')}, and spend what that saves on more trials.",
            picture={
                "kind": "line",
                "x": list(range(1, steps + 1)),
                "lines": {f"mean of the top {len(traces)}": [value(float(v)) for v in mean]},
                "mark": float(arrived),
            },
        )
    ]


def _levelled(values: Floats) -> Floats:
    """Centred running means over a tenth of the steps, three at least."""
    width = _width(len(values))
    return np.convolve(np.pad(values, width // 2, mode="edge"), np.full(width, 1 / width), mode="valid")


def _width(steps: int) -> int:
    return max(3, steps // 10 | 1)
