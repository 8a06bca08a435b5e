"""Periodic validation: the same waves come back in the curves, as no sound training makes them.

Fisher 1929, "Tests of significance in harmonic analysis" (Proc. R. Soc. A 125): the largest ordinate of a periodogram
against their sum has a known law under white noise. Red noise is divided out first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from search.analysis.checks.base import Finding, cannot_tell
from search.analysis.checks.traces import LEVEL, TOP, Trace, at_full_length, loss_pair, objective_of, trace_of
from search.analysis.numbers import number
from search.history import History
from search.trial import Trial

__all__ = ["periodic"]

NEEDED = 24
"""Values at consecutive steps below which a period is not looked for."""

FEWEST = 3
"""Curves that must share a period."""

CYCLES = 3
"""A period must come back so often to count as one."""


def periodic(history: History) -> list[Finding]:
    """Of the validation loss (else the objective) of the top trials at full length, ten at most.

    Warns where more than half of them, and three at least, have the same period, each by Fisher's test at 1 %: what one
    curve does by chance, half of ten do not. A learning rate that is reported and goes up and down explains it.
    """
    if history.problem.max_steps == 1:
        return []
    top = at_full_length(history)[:TOP]
    pair = loss_pair(history, top)
    metric = pair.valid if pair else history.problem.objective.metric
    judged = [
        (trial, trace)
        for trial in top
        if len(trace := trace_of(trial, pair.valid) if pair else objective_of(trial)) >= NEEDED
        and np.ptp(np.diff(trace.steps)) == 0
    ]
    if len(judged) < FEWEST:
        why = f"{len(judged)} curves of {NEEDED} values and more in even steps were seen to their end; {FEWEST} are needed."
        return [cannot_tell("periodic", why)]
    waves = [_wave(trace) for _, trace in judged]
    periods = [period for p, period in waves if p < LEVEL]
    middle = float(np.median(periods)) if periods else math.nan
    alike = [(each, p) for each, (p, period) in zip(judged, waves, strict=True) if _same(p, period, middle)]
    evidence: dict[str, Any] = {
        "metric": metric,
        "judged": len(judged),
        "periodic": len(alike),
        "period": middle if alike else None,
        "p": [p for p, _ in waves],
        "level": LEVEL,
    }
    if len(alike) < FEWEST or 2 * len(alike) <= len(judged):
        says = f"No period is shared by {metric} of the top {len(judged)} (Fisher's test at 1 %)."
        return [Finding("periodic", "pass", says, evidence=evidence)]
    says = (
        f"{metric} comes and goes with a period of {number(middle, 2)} steps in {len(alike)} of the top {len(judged)} "
        f"trials (Fisher's test, each at 1 %)"
    )
    if all(_cycles(trial) for (trial, _), _ in alike):
        return [Finding("periodic", "pass", f"{says}, and so does the learning rate.", evidence=evidence)]
    (trial, trace), _ = min(alike, key=lambda each: each[1])
    value = (lambda v: v) if pair else history.problem.objective.value
    return [
        Finding(
            "periodic",
            "warn",
            f"{says}.",
            evidence=evidence,
            next=(
                "Look for what comes back with this period: data in a fixed order, validation on another part each time, "
                "a state that is reset, a learning rate that cycles. Shuffle, and validate on the same rows."
            ),
            picture={
                "kind": "line",
                "x": trace.steps.tolist(),
                "lines": {f"{metric} of {trial.id}": [value(float(v)) for v in trace.values]},
                "mark": None,
            },
        )
    ]


def _same(p: float, period: float, middle: float) -> bool:
    return p < LEVEL and abs(period - middle) <= 0.15 * middle


def _wave(trace: Trace) -> tuple[float, float]:
    """(p of Fisher's test, period in steps) of one curve, its first fifth and its trend left out."""
    values, steps = trace.values[len(trace) // 5 :], trace.steps[len(trace) // 5 :]
    values = values / (float(np.abs(values).max()) or 1.0)
    log = np.log(steps)
    x = (steps - steps.mean()) / np.ptp(steps)
    trend = np.column_stack([np.ones_like(x), log, log**2, x, x**2])
    rest = values - trend @ np.linalg.lstsq(trend, values, rcond=None)[0]
    count = len(rest)
    if float(np.abs(rest).max()) <= 1e-9:
        return 1.0, math.nan
    orders = np.arange(CYCLES, (count - 1) // 2 + 1)
    power = np.abs(np.fft.rfft(rest))[orders] ** 2
    memory = max(0.0, float(rest[1:] @ rest[:-1]) / float(rest @ rest))
    power *= np.abs(1 - memory * np.exp(-2j * np.pi * orders / count)) ** 2
    peak, total = int(np.argmax(power)), float(power.sum())
    spacing = float(trace.steps[1] - trace.steps[0])
    if total == 0:
        return 1.0, math.nan
    return _fisher(float(power[peak]) / total, len(orders)), spacing * count / float(orders[peak])


def _fisher(share: float, ordinates: int) -> float:
    """P(the largest of `ordinates` exceeds `share` of their sum) under white noise."""
    terms = (
        (-1) ** (j - 1) * math.comb(ordinates, j) * (1 - j * share) ** (ordinates - 1)
        for j in range(1, min(ordinates, int(1 / share)) + 1)
    )
    return min(1.0, max(0.0, math.fsum(terms)))


def _cycles(trial: Trial) -> bool:
    """Whether the learning rate that a trial reports turns three times or more."""
    turns = np.sign(np.diff(trace_of(trial, "lr").values))
    turns = turns[turns != 0]
    return bool(np.sum(turns[1:] != turns[:-1]) >= 3)
