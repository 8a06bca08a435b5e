"""The doctor: checks of a sweep, one file each, every one a function of its history that gives findings.

A check is verified on simulated sweeps whose truth is known (`benchmarks/doctor.py`): planted faults are found, sound
sweeps are not accused. Its false-alarm rate on sound sweeps is meant to be at most 5 % and is measured there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from search.analysis.checks.base import Finding, Verdict, cannot_tell
from search.analysis.checks.bounds import bounds
from search.analysis.checks.clipping import clipping
from search.analysis.checks.divergence import divergence
from search.analysis.checks.early_spikes import early_spikes
from search.analysis.checks.effort import effort
from search.analysis.checks.enough import enough
from search.analysis.checks.fixed import fixed
from search.analysis.checks.gap import gap
from search.analysis.checks.idle import idle
from search.analysis.checks.infeasible import infeasible
from search.analysis.checks.late_noise import late_noise
from search.analysis.checks.overfitting import overfitting
from search.analysis.checks.periodic import periodic
from search.analysis.checks.rising_training import rising_training
from search.analysis.checks.rung_ranks import rung_ranks
from search.analysis.checks.saturated import saturated
from search.analysis.checks.steps_parameter import steps_parameter
from search.analysis.checks.still_improving import still_improving
from search.analysis.checks.underfitting import underfitting
from search.analysis.commands import command_of
from search.history import History

__all__ = ["CHECKS", "Finding", "Verdict", "doctor"]

CHECKS: dict[str, Callable[[History], list[Finding]]] = {
    "bounds": bounds,
    "infeasible": infeasible,
    "divergence": divergence,
    "enough": enough,
    "idle": idle,
    "effort": effort,
    "steps_parameter": steps_parameter,
    "fixed": fixed,
    "gap": gap,
    "overfitting": overfitting,
    "underfitting": underfitting,
    "still_improving": still_improving,
    "saturated": saturated,
    "late_noise": late_noise,
    "early_spikes": early_spikes,
    "periodic": periodic,
    "rising_training": rising_training,
    "clipping": clipping,
    "rung_ranks": rung_ranks,
}
"""Name -> check, in the order in which a report shows them."""

CURVES = frozenset(
    [
        "overfitting",
        "underfitting",
        "still_improving",
        "saturated",
        "late_noise",
        "early_spikes",
        "periodic",
        "rising_training",
        "clipping",
    ]
)
"""Those that read the steps of a trial as the curve of one training."""

_ORDER = {"fail": 0, "warn": 1, "cannot tell": 2, "pass": 3}


def doctor(history: History, reference: str = "last") -> list[dict[str, Any]]:
    """What every check finds, the worst first, in the order of `CHECKS` otherwise, each with the command to copy.

    `reference`: the run, as commands are to name it, quoted for a shell.
    """
    findings = [finding for name in CHECKS for finding in _findings(name, history)]
    told = [finding.to_json() for finding in sorted(findings, key=lambda each: _ORDER[each.verdict])]
    resumable = not history.about.get("imported")
    return [{**each, "command": command_of(each, reference, resumable)} for each in told]


def _findings(name: str, history: History) -> list[Finding]:
    if name == "gap" and history.problem.secondary:
        return [
            cannot_tell(
                name, "With several objectives there is a front and no winner to be ahead of the others."
            )
        ]
    plan = history.problem.repeats
    if plan is None or name not in CURVES:
        return CHECKS[name](history)
    said = (
        f"Steps are {plan.over}, each a whole training of its own, so there is no training curve to read. To see one, run "
        "the winner's config without repeats."
    )
    return [cannot_tell(name, said)]
