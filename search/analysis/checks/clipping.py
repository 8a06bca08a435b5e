"""Clipping that always clips: every update has the length of the limit, whatever the gradient says."""

from __future__ import annotations

from typing import Any

import numpy as np

from search.analysis.checks.base import Finding
from search.analysis.checks.traces import TOP, at_full_length, trace_of
from search.analysis.numbers import number, percent
from search.history import History
from search.trial import Trial

__all__ = ["clipping"]

METRIC, NORM = "clipped", "grad_norm"

ALWAYS = 0.95
"""Mean share of clipped updates from which it counts as always."""


def clipping(history: History) -> list[Finding]:
    """Of the top trials at full length (ten at most) that report `clipped`, the share of updates that were shortened.

    Warns where the best, or more than half of them, clip always: in the mean over their steps, and in the last third.
    """
    top = [trial for trial in at_full_length(history)[:TOP] if len(trace_of(trial, METRIC))]
    if not top:
        return []
    shares = [_share(trial) for trial in top]
    bad = [trial for trial, share in zip(top, shares, strict=True) if share >= ALWAYS]
    evidence: dict[str, Any] = {"trials": [trial.id for trial in top], "shares": shares}
    says = f"{len(bad)} of the top {len(top)} trials with clipping clip nearly every update"
    if top[0] not in bad and 2 * len(bad) <= len(top):
        return [
            Finding("clipping", "pass", f"{says}; {top[0].id} clips {percent(shares[0])}.", evidence=evidence)
        ]
    shown = bad[0]
    trace = trace_of(shown, METRIC)
    norms = [float(np.median(norm.values)) for trial in bad if len(norm := trace_of(trial, NORM))]
    evidence["grad_norm"] = float(np.median(norms)) if norms else None
    about = f", about {number(evidence['grad_norm'], 2)} here," if norms else ""
    return [
        Finding(
            "clipping",
            "warn",
            (
                f"{says} ({shown.id}: {percent(_share(shown))}). Every gradient is cut to "
                f"the same length: its size no longer counts, and lr does not mean what it does without clipping."
            ),
            about=shown.id,
            evidence=evidence,
            next=f"Raise clip above the usual norm of the gradient{about} so that it catches the outliers only; search lr anew.",
            picture={
                "kind": "line",
                "x": trace.steps.tolist(),
                "lines": {f"{METRIC} of {shown.id}": trace.values.tolist()},
                "mark": None,
            },
        )
    ]


def _share(trial: Trial) -> float:
    """The smaller of the mean share and that of the last third: what clips at first only is as it should be."""
    values = trace_of(trial, METRIC).values
    return float(min(values.mean(), values[-max(1, len(values) // 3) :].mean()))
