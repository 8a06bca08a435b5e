"""The doctor: checks of a sweep, one file each, every one a function of its history that gives findings.

A check is verified on simulated sweeps whose truth is known (`benchmarks/doctor.py`): planted faults are found, sound
sweeps are not accused. Its false-alarm rate on sound sweeps is meant to be at most 5 % and is measured there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from search.analysis.checks.base import Finding, Verdict
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

_ORDER = {"fail": 0, "warn": 1, "cannot tell": 2, "pass": 3}


def doctor(history: History) -> list[dict[str, Any]]:
    """What every check finds, the worst first, in the order of `CHECKS` otherwise."""
    findings = [finding for check in CHECKS.values() for finding in check(history)]
    return [finding.to_json() for finding in sorted(findings, key=lambda each: _ORDER[each.verdict])]
