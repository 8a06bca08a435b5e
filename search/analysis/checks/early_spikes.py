"""Early instability: the loss leaps up in the first steps before it comes down."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from search.analysis.checks.base import Finding, cannot_tell
from search.analysis.checks.traces import (
    TOP,
    Trace,
    at_full_length,
    loss_pair,
    noise,
    objective_of,
    trace_of,
)
from search.analysis.numbers import percent
from search.history import History

__all__ = ["early_spikes"]

NEEDED = 8
"""Values below which there are no first steps to speak of."""

FEWEST = 3
"""Curves below which nothing is said."""

LEAP = 0.25
"""A rise of this share of the whole gain is a leap ..."""

SIGMAS = 6.0
"""... if it exceeds so many standard deviations of the late noise."""


def early_spikes(history: History) -> list[Finding]:
    """Warns where more than half of the top trials at full length (ten at most) leap in their first quarter.

    Looked at is the training loss where one is reported with a validation loss, else the objective.
    """
    if history.problem.max_steps == 1:
        return []
    top = at_full_length(history)[:TOP]
    pair = loss_pair(history, top)
    metric = pair.train if pair else history.problem.objective.metric
    traces = [trace_of(trial, pair.train) if pair else objective_of(trial) for trial in top]
    judged = [(trial, trace) for trial, trace in zip(top, traces, strict=True) if len(trace) >= NEEDED]
    if len(judged) < FEWEST:
        why = f"{len(judged)} curves of {NEEDED} values and more were seen to their end; {FEWEST} are needed."
        return [cannot_tell("early_spikes", why)]
    leaps = [_leap(trace) for _, trace in judged]
    bad = [(share, step, each) for (share, step), each in zip(leaps, judged, strict=True) if share >= LEAP]
    evidence: dict[str, Any] = {
        "metric": metric,
        "judged": len(judged),
        "leaping": len(bad),
        "share_of_gain": float(np.median([share for share, _ in leaps])),
    }
    says = f"{metric} leaps in the first quarter of {len(bad)} of the top {len(judged)} trials."
    if 2 * len(bad) <= len(judged):
        return [Finding("early_spikes", "pass", says, evidence=evidence)]
    share, step, (trial, trace) = bad[0]
    value = (lambda v: v) if pair else history.problem.objective.value
    return [
        Finding(
            "early_spikes",
            "warn",
            f"{says} In {trial.id} it is worse at step {step} by {percent(share)} of all that it gains later.",
            evidence=evidence,
            next="Warm the learning rate up (warmup: 2 or more steps), clip gradients (clip), or lower its upper bound.",
            picture={
                "kind": "line",
                "x": trace.steps.tolist(),
                "lines": {f"{metric} of {trial.id}": [value(float(v)) for v in trace.values]},
                "mark": float(step),
            },
        )
    ]


def _leap(trace: Trace) -> tuple[float, int]:
    """(the largest rise above what came before, in the first quarter, as a share of the whole gain; its step)."""
    values = trace.values
    first = values[: max(4, math.ceil(len(values) / 4))]
    rises = first - np.minimum.accumulate(first)
    at = int(np.argmax(rises))
    gain = float(np.ptp(values) - rises[at]) or float(np.ptp(values))
    gain = max(gain, float(values[0] - np.median(values[-3:])))
    if gain <= 0 or rises[at] <= SIGMAS * noise(values):
        return 0.0, int(trace.steps[at])
    return float(rises[at]) / gain, int(trace.steps[at])
