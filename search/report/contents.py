"""The contents of report.json: every number that the page shows."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING, Any

from search.analysis import (
    confirmation,
    contours,
    facts,
    failures,
    fit,
    history_curve,
    importance,
    isolation,
    leaderboard,
    learning_curves,
    lineage,
    parallel_coordinates,
    pareto,
    repeats,
    savings,
    slices,
    spending,
    timeline,
    verdict,
)
from search.analysis.moves import with_findings
from search.analysis.pareto import broken_constraints
from search.confirmation.candidates import confirmation_of
from search.report.data import data_of

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["FORMAT", "contents", "finite"]

FORMAT = 1
"""Raised when a key of report.json changes its meaning or goes; new keys do not raise it."""


def contents(run: Run) -> dict[str, Any]:
    """All analyses of a run under stable keys, JSON throughout (no NaN: what is not finite is None)."""
    from search.analysis.checks import (
        doctor,  # loads scipy.stats, which a command that only imports this need not
    )

    history, state = run.history, run.state
    summary = {
        key: value for key, value in run.summary().items() if key != "path"
    }  # whose disk it was is private
    seeds = confirmation_of(run)
    confirmed = None if seeds is None else confirmation(seeds)
    front = pareto(history)
    findings = doctor(history, shlex.quote(run.name))
    repeated = repeats(history)
    report: dict[str, Any] = {
        "format": FORMAT,
        "summary": summary,
        "verdict": with_findings(
            verdict(history, run.name, state, confirmed, front, repeated),
            findings,
            done=[] if confirmed is None else [f"tuneyard confirm {shlex.quote(run.name)}"],
        ),
        "confirmation": confirmed,
        "doctor": findings,
        "facts": facts(history, run.paths),
        "data": data_of(run.paths),
        "spending": spending(history),
        "pareto": front,
        "broken": broken_constraints(history),
        "leaderboard": leaderboard(history, repeated),
        "repeats": repeated,
        "history": history_curve(history),
        "curves": learning_curves(history),
        "fit": fit(history),
        "parallel": parallel_coordinates(history),
        "importance": importance(history),
        "slices": slices(history),
        "timeline": timeline(history, running=state == "running"),
        "savings": savings(history),
        "lineage": lineage(history),
        "failures": failures(history),
    }
    report["contours"] = contours(history, report["importance"])
    report["isolation"] = isolation(history, report["importance"])
    told: dict[str, Any] = finite(report)
    return told


def finite(value: Any) -> Any:
    """`value` with None for every float that is not finite, tuples as lists and keys as text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
