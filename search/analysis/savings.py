"""What early stopping saved, and what it stopped at each rung."""

from __future__ import annotations

from typing import Any

from search.analysis.auditing import audit_steps, stopped_by_scheduler
from search.history import PAUSED, History, Record
from search.trial import Trial

__all__ = ["savings"]


def savings(history: History) -> dict[str, Any]:
    """Steps spent against steps at full length.

    `full_steps`: max_steps for each trial that ran at least one step, less what its parent did for a copy. `saved_steps`: what trials stopped by the scheduler
    left out of that. `stopped`: how many those are. `audited`: trials that it stopped and that ran on for the audit; they
    saved nothing, and took `audit_steps` after their stop. `by_other_means`: trials stopped by a budget, a target or a user.
    `rungs`, by step: `entered` (trials compared there), `stopped`, `audited`, `paused` (and still waiting), `went_on` (at once,
    or after a pause), `example` (the reason of the last stop).
    """
    max_steps = history.problem.max_steps
    rungs: dict[int, dict[str, Any]] = {}
    for record in history.decisions:
        step = int(record.get("rung") or record["step"])
        fate = _fate(history.trials[record["trial"]], record)
        stops = fate in ("stopped", "audited", "paused")
        if record.get("rung") is not None:
            rung = rungs.setdefault(
                step,
                {
                    "step": step,
                    "entered": 0,
                    "stopped": 0,
                    "audited": 0,
                    "paused": 0,
                    "went_on": 0,
                    "example": "",
                },
            )
            rung["entered"] += 1
            rung[fate] += 1
            if stops or not rung["example"]:
                rung["example"] = record["reason"]
    stopped = stopped_by_scheduler(history)
    audited = audit_steps(history)
    begun = [trial for trial in history.trials if trial.steps > trial.from_step]
    ended_otherwise = sum(trial.state == "stopped" for trial in history.trials) - len(stopped)
    full = sum(max_steps - trial.from_step for trial in begun)
    saved = sum(max_steps - history.trials[number].steps for number in stopped)
    return {
        "max_steps": max_steps,
        "trials": len(begun),
        "steps": history.steps_total,
        "full_steps": full,
        "share_spent": history.steps_total / full if full else None,
        "stopped": len(stopped),
        "saved_steps": saved,
        "share_saved": saved / full if full else None,
        "audited": len(audited),
        "audit_steps": sum(audited.values()),
        "by_other_means": ended_otherwise,
        "rungs": [rungs[step] for step in sorted(rungs)],
    }


def _fate(trial: Trial, record: Record) -> str:
    """What became of a trial that was compared."""
    if record["outcome"] == PAUSED:
        if trial.steps > record["step"] or not trial.paused:
            return "went_on"
        return "paused" if trial.open else "stopped"
    if record.get("audit"):
        return "audited"
    return "stopped" if record["scheduler"] else "went_on"
