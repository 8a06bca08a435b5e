"""The checks of the space and the statistics answer for any sweep: empty, failed, running, hostile, with branches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.reported import hostile_run, run_of
from contracts.scripted import scripted
from search.analysis.checks import CHECKS, doctor
from search.history import History

NAMES = ("bounds", "infeasible", "divergence", "enough", "idle", "effort", "steps_parameter", "fixed", "gap")
X = {"x": {"min": 0.0, "max": 1.0}}
BRANCHES = {
    "kind": {"values": ["a", "b"]},
    "rate": [
        {"min": 1e-4, "max": 1e-1, "log": True, "when": {"kind": "a"}},
        {"min": 0.1, "max": 0.9, "when": {"kind": "b"}},
    ],
    "depth": {"values": [1, 2, 3], "ordered": True},
    "same": {"min": 3, "max": 3},
}


def branched() -> History:
    told = []
    for i in range(60):
        kind = "ab"[i % 2]
        rate = 10 ** -(1 + 3 * i / 60) if kind == "a" else 0.1 + 0.8 * i / 60
        told.append(
            ({"kind": kind, "rate": rate, "depth": 1 + i % 3, "same": 3}, None if i % 7 == 0 else i / 60)
        )
    return scripted(BRANCHES, told)


SWEEPS: dict[str, Callable[[], History]] = {
    "empty": lambda: scripted(X, []),
    "one trial": lambda: scripted(X, [({"x": 0.5}, 1.0)]),
    "all failed": lambda: scripted(X, [({"x": i / 30}, None) for i in range(30)]),
    "all diverged": lambda: scripted(X, [({"x": i / 30}, [float("nan")]) for i in range(30)]),
    "all equal": lambda: scripted(X, [({"x": i / 60}, 1.0) for i in range(60)]),
    "one config": lambda: scripted(X, [({"x": 0.5}, i / 60) for i in range(60)]),
    "enormous": lambda: scripted(X, [({"x": i / 60}, 10.0 ** (i * 5)) for i in range(60)]),
    "running": lambda: run_of(until=100).history,
    "early stopping and conditions": lambda: run_of(trials=60).history,
    "branches": branched,
    "nothing searched": lambda: scripted({"x": 1}, [({"x": 1}, float(i)) for i in range(30)]),
}


@pytest.mark.parametrize("check", NAMES)
@pytest.mark.parametrize("sweep", SWEEPS)
def test_a_check_answers(check: str, sweep: str) -> None:
    findings = CHECKS[check](SWEEPS[sweep]())
    assert findings
    for finding in findings:
        assert finding.check == check
        assert finding.says.endswith(".")
        assert len(finding.says) < 600
        json.dumps(finding.to_json(), allow_nan=False)


def test_hostile_names_and_values_are_answered_too(tmp_path: Path) -> None:
    found = doctor(hostile_run(tmp_path).history)
    assert {each["check"] for each in found} >= set(NAMES)
    json.dumps(found, allow_nan=False)
