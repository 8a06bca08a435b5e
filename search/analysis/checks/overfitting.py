"""Overfitting: the validation loss rises after its minimum while the training loss still falls."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from search.analysis.checks.base import Finding, cannot_tell, passed
from search.analysis.checks.traces import (
    Pair,
    Trace,
    at_full_length,
    loss_pair,
    noise_near,
    smooth,
    trace_of,
    typical,
)
from search.analysis.numbers import number, percent, plural
from search.history import History
from search.trial import Trial

__all__ = ["overfitting"]

NEEDED = 8
"""Values of the validation loss below which a curve is not judged."""

SIGMAS = 4.0
"""The rise after the minimum must exceed so many of its standard errors: the minimum is chosen, which costs about two."""

MATERIAL = 0.03
"""And so large a share of the loss at its minimum (of all that it fell, where it is not positive)."""

TYPICAL = 5
"""Trials at full length below which nothing is said of the typical one."""

_REGULARISERS = (
    *("weight_decay", "l1", "l2", "dropout", "dropconnect", "label_smoothing", "mixup", "augment", "alpha"),
    *("reg_lambda", "reg_alpha", "min_samples_leaf", "min_child_weight", "subsample"),
)


def overfitting(history: History) -> list[Finding]:
    """Of the best trial at full length, and of the typical one (warns where more than half overfit)."""
    trials = at_full_length(history)
    sample = typical(trials)
    pair = loss_pair(history, sample)
    if history.problem.max_steps == 1 or not trials:
        return []
    if pair is None:
        return [cannot_tell("overfitting", "No loss is reported for both parts, as train/loss and val/loss.")]
    judged = [rise for trial in sample if (rise := _judge(trial, pair)) is not None]
    best = next((rise for rise in judged if rise.trial is trials[0]), None)
    found = []
    if best is not None:
        found.append(_of_best(history, best, pair))
    if len(judged) >= TYPICAL:
        found.append(_of_typical(history, judged, pair))
    few = f"A curve of at least {NEEDED} values of {pair.valid} is needed, to full length."
    return found or [cannot_tell("overfitting", few)]


@dataclass(frozen=True)
class _Rise:
    """What one curve does after its minimum."""

    trial: Trial
    train: Trace
    valid: Trace
    step: int  # of the minimum of the smoothed validation loss
    lowest: float
    end: float  # mean of the last window
    sigmas: float
    share: float
    train_falls: bool

    @property
    def overfits(self) -> bool:
        return self.sigmas > SIGMAS and self.share > MATERIAL and self.train_falls


def _judge(trial: Trial, pair: Pair) -> _Rise | None:
    train, valid = trace_of(trial, pair.train), trace_of(trial, pair.valid)
    if len(valid) < NEEDED or len(train) < 2:
        return None
    window = max(3, len(valid) // 10 | 1)
    smoothed = smooth(valid.values, window)
    at = int(np.argmin(smoothed))
    lowest, end = float(smoothed[at]), float(valid.values[-window:].mean())
    error = noise_near(valid.values, at) * math.sqrt(2 / window)
    rise = max(0.0, end - lowest) if len(valid) - 1 - at >= window else 0.0
    scale = abs(lowest) if valid.values.min() > 0 else float(np.ptp(valid.values))
    return _Rise(
        trial,
        train,
        valid,
        int(valid.steps[at]),
        lowest,
        end,
        rise / error if error else math.inf if rise else 0.0,
        rise / scale if scale else 0.0,
        _fell_after(train, valid.steps[at]),
    )


def _fell_after(train: Trace, step: float) -> bool:
    """Whether the training loss ends below where it was around `step`."""
    near = train.values[np.abs(train.steps - step) <= 1]
    after = train.values[train.steps > step]
    if not len(near) or not len(after):
        return False
    return float(np.mean(after[-3:])) < float(np.mean(near))


def _of_best(history: History, rise: _Rise, pair: Pair) -> Finding:
    name = rise.trial.id
    evidence = {
        "trial": name,
        "train": pair.train,
        "valid": pair.valid,
        "minimum_step": rise.step,
        "minimum": rise.lowest,
        "end": rise.end,
        "rise": rise.share,
        "sigmas": rise.sigmas if math.isfinite(rise.sigmas) else None,
    }
    if not rise.overfits:
        says = f"{pair.valid} of the best trial, {name}, ends at {number(rise.end)}; its lowest was {number(rise.lowest)}."
        return Finding("overfitting", "pass", says, about=name, evidence=evidence)
    says = (
        f"The best trial, {name}, overfits: {pair.valid} rises from {number(rise.lowest)} at step {rise.step} to "
        f"{number(rise.end)} at its end ({percent(rise.share)} more) while {pair.train} falls on."
    )
    if (
        history.problem.objective.metric != pair.valid
        and rise.trial.best
        and rise.trial.best.step > rise.step
    ):
        says += f" Its {history.problem.objective.metric} was best later, at step {rise.trial.best.step}."
    picture = {
        "kind": "line",
        "x": rise.valid.steps.tolist(),
        "lines": {
            pair.train: np.interp(rise.valid.steps, rise.train.steps, rise.train.values).tolist(),
            pair.valid: rise.valid.values.tolist(),
        },
        "mark": float(rise.step),
    }
    return Finding("overfitting", "warn", says, name, evidence, _advice(history, rise.step), None, picture)


def _of_typical(history: History, judged: list[_Rise], pair: Pair) -> Finding:
    bad = [rise for rise in judged if rise.overfits]
    says = f"{len(bad)} of {plural(len(judged), 'trial')} at full length overfit by {pair.valid}."
    evidence: dict[str, object] = {"judged": len(judged), "overfit": len(bad)}
    if 2 * len(bad) <= len(judged):
        return passed("overfitting", says, **evidence)
    step = int(np.median([rise.step for rise in bad]))
    evidence["minimum_step"] = step
    says += f" Their lowest value is at step {step}, in the middle of them."
    return Finding("overfitting", "warn", says, evidence=evidence, next=_advice(history, step))


def _advice(history: History, step: int) -> str:
    """By name: what regularises in this space, or that nothing does."""
    names = [parameter.name for parameter in history.problem.space.parameters]
    regularise = [name for name in names if any(word in name.lower() for word in _REGULARISERS)]
    first = (
        f"Regularise more (raise {', '.join(regularise)})"
        if regularise
        else "Regularise: nothing in this space does (weight decay, dropout, label smoothing, augmentation)"
    )
    return f"{first}, let a trial end itself (early_stopping, by its validation loss), or train for about {step} steps."
