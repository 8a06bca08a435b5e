"""The doctor: checks of a sweep, one file each, every one a function of its history that gives findings.

A check is verified on simulated sweeps whose truth is known (`benchmarks/doctor.py`): planted faults are found, sound
sweeps are not accused. Its false-alarm rate on sound sweeps is meant to be at most 5 % and is measured there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from search.analysis.checks.base import Finding, Verdict
from search.analysis.checks.bounds import bounds
from search.analysis.checks.fixed import fixed
from search.analysis.checks.steps_parameter import steps_parameter
from search.history import History

__all__ = ["CHECKS", "Finding", "Verdict", "doctor"]

CHECKS: dict[str, Callable[[History], list[Finding]]] = {
    "bounds": bounds,
    "steps_parameter": steps_parameter,
    "fixed": fixed,
}
"""Name -> check, in the order in which a report shows them."""

_ORDER = {"fail": 0, "warn": 1, "cannot tell": 2, "pass": 3}


def doctor(history: History) -> list[dict[str, Any]]:
    """What every check finds, the worst first, in the order of `CHECKS` otherwise."""
    findings = [finding for check in CHECKS.values() for finding in check(history)]
    return [finding.to_json() for finding in sorted(findings, key=lambda each: _ORDER[each.verdict])]
