"""A training loss that rises although the learning rate does not: a bug, or a training that comes apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.analysis.checks.base import Finding, cannot_tell
from search.analysis.checks.traces import (
    LEVEL,
    Trace,
    at_full_length,
    falling,
    loss_pair,
    noise_near,
    smooth,
    trace_of,
    typical,
)
from search.analysis.numbers import number
from search.history import History
from search.trial import Trial

__all__ = ["rising_training"]

NEEDED = 8
"""Values of the training loss below which a curve is not judged."""

SIGMAS = 4.0
"""The rise after the minimum must exceed so many of its standard errors."""

MATERIAL = 0.1
"""And this share of all that the loss had fallen before."""


def rising_training(history: History) -> list[Finding]:
    """Warns where the best trial's training loss rises, or those of more than half of the trials at full length.

    A rise in which the reported learning rate (`lr`) rises as well is explained by it and left out.
    """
    sample = typical(at_full_length(history))
    pair = loss_pair(history, sample)
    if history.problem.max_steps == 1 or not sample:
        return []
    if pair is None:
        return [
            cannot_tell("rising_training", "No loss is reported for both parts, as train/loss and val/loss.")
        ]
    judged = [rise for trial in sample if (rise := _judge(trial, pair.train)) is not None]
    if not judged:
        return [
            cannot_tell("rising_training", f"No trial reported {NEEDED} values of {pair.train} to its end.")
        ]
    bad = [rise for rise in judged if rise.rises]
    best = judged[0].trial is sample[0] and judged[0].rises
    evidence: dict[str, Any] = {"metric": pair.train, "judged": len(judged), "rising": len(bad), "best": best}
    says = f"{pair.train} rises to the end in {len(bad)} of {len(judged)} trials at full length"
    if not best and 2 * len(bad) <= len(judged):
        return [Finding("rising_training", "pass", f"{says}.", evidence=evidence)]
    rise = bad[0]
    rate = (
        "although the learning rate does not" if rise.rate_known else "and no learning rate (lr) is reported"
    )
    return [
        Finding(
            "rising_training",
            "warn",
            f"{says}, {rate}: in {rise.trial.id} from {number(rise.lowest)} at step {rise.step} to {number(rise.end)}.",
            evidence=evidence,
            next=(
                "Unless what is minimised changes on the way (a weight that is warmed up), look for a bug: the sign of the "
                "loss, gradients that are not reset, data that change; or lower the learning rate."
            ),
            picture={
                "kind": "line",
                "x": rise.trace.steps.tolist(),
                "lines": {f"{pair.train} of {rise.trial.id}": rise.trace.values.tolist()},
                "mark": float(rise.step),
            },
        )
    ]


@dataclass(frozen=True)
class _Rise:
    trial: Trial
    trace: Trace
    step: int
    lowest: float
    end: float
    rises: bool
    rate_known: bool


def _judge(trial: Trial, metric: str) -> _Rise | None:
    trace = trace_of(trial, metric)
    if len(trace) < NEEDED:
        return None
    window = max(3, len(trace) // 10 | 1)
    smoothed = smooth(trace.values, window)
    at = int(np.argmin(smoothed))
    step, lowest, end = int(trace.steps[at]), float(smoothed[at]), float(trace.values[-window:].mean())
    before = max(float(trace.values[0]) - lowest, 0.0)
    rise, error = end - lowest, noise_near(trace.values, at) * math.sqrt(2 / window)
    known, explained = _rate(trial, step)
    rises = (
        not explained
        and rise > SIGMAS * error
        and rise > MATERIAL * before
        and falling(-trace.values[at:]) < LEVEL
    )
    return _Rise(trial, trace, step, lowest, end, rises, known)


def _rate(trial: Trial, step: int) -> tuple[bool, bool]:
    """(whether the learning rate is reported, whether it rises anywhere after `step`)."""
    rate = trace_of(trial, "lr")
    late = rate.values[rate.steps >= step]
    return len(rate) > 0, bool(len(late) and late.max() > late[0] * 1.01)
