"""Why trials failed, grouped by cause."""

from __future__ import annotations

import re
from typing import Any

from search.history import History

__all__ = ["cause_of", "failures"]

LISTED = 50
_VARYING = re.compile(r"0x[0-9a-fA-F]+|[0-9a-f]{16,}|(?<![A-Za-z_])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def cause_of(message: str) -> str:
    """A message without what differs from case to case: numbers, addresses and hashes become `#`.

    >>> cause_of("step 3: loss is nan"), cause_of("CUDA out of memory: tried 20.5 MiB at 0x7f3a")
    ('step #: loss is nan', 'CUDA out of memory: tried # MiB at #')
    """
    return _VARYING.sub("#", message)


def failures(history: History) -> dict[str, Any]:
    """Groups of failed trials of one kind and cause, largest first, and crashes that a retry got over.

    A group: kind, cause, count, `example` (the message of its first trial), `trials` (the first fifty: trial, steps
    before it failed, log relative to the run directory or None). `failed`: trials in all. `recovered`: attempts that failed
    and were followed by another, as groups without trials that differ in nothing else.
    """
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    recovered: dict[tuple[str, str], dict[str, Any]] = {}
    for trial in history.trials:
        if trial.failure is not None:
            failure = trial.failure
            group = _group(groups, failure.kind, failure.message)
            group["count"] += 1
            if len(group["trials"]) < LISTED:
                group["trials"].append({"trial": trial.id, "steps": trial.steps, "log": failure.log})
        for attempt in trial.attempts:
            if attempt.after is not None:
                group = _group(recovered, attempt.after.kind, attempt.after.message)
                group["count"] += 1
                if len(group["trials"]) < LISTED:
                    group["trials"].append(
                        {"trial": trial.id, "steps": attempt.from_step, "log": attempt.after.log}
                    )
    return {
        "failed": sum(group["count"] for group in groups.values()),
        "groups": sorted(groups.values(), key=lambda group: -group["count"]),
        "recovered": sorted(recovered.values(), key=lambda group: -group["count"]),
    }


def _group(groups: dict[tuple[str, str], dict[str, Any]], kind: str, message: str) -> dict[str, Any]:
    cause = cause_of(message)
    return groups.setdefault(
        (kind, cause), {"kind": kind, "cause": cause, "count": 0, "example": message, "trials": []}
    )
