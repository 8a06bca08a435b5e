"""What the sweep was allowed to spend, and what it spent."""

from __future__ import annotations

from typing import Any

from search.analysis.auditing import audit_steps
from search.history import History

__all__ = ["spending"]


def spending(history: History) -> dict[str, Any]:
    """For trials, steps and seconds: `spent`, `limit` (None = none) and `share` in [0, 1]; and why the sweep `ended`.

    `audit`: `trials` that ran on after the scheduler had stopped them, and the `steps` they took from there, both of
    them part of what is spent; None without an audit.
    """
    budget = history.problem.budget
    rows = [
        _row("trials", len(history.trials), budget.trials),
        _row("steps", history.steps_total, budget.steps),
        _row("seconds", history.now, budget.seconds),
    ]
    audited = audit_steps(history)
    audit = {"trials": len(audited), "steps": sum(audited.values())} if audited else None
    return {"rows": rows, "ended": history.ended, "audit": audit}


def _row(what: str, spent: float, limit: float | None) -> dict[str, Any]:
    return {"what": what, "spent": spent, "limit": limit, "share": min(1.0, spent / limit) if limit else None}
