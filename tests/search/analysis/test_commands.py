"""Each finding's command does what its sentence says, for the run that it was found in."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.followed import followed, trained
from search.analysis.checks import CHECKS, doctor
from search.analysis.commands import NEXT, command_of


def finding(check: str, verdict: str = "warn", **more: Any) -> dict[str, Any]:
    return {
        "check": check,
        "verdict": verdict,
        "about": "lr",
        "evidence": {"more": 30},
        "next": "Do it.",
        **more,
    }


@pytest.mark.parametrize(
    ("found", "command"),
    [
        (finding("gap"), "tuneyard confirm digits"),
        (finding("gap", "cannot tell"), "tuneyard confirm digits"),
        (finding("gap", "cannot tell", next=""), None),
        (finding("gap", "pass"), None),
        (finding("divergence"), "tuneyard confirm digits"),
        (finding("late_noise"), "tuneyard confirm digits"),
        (finding("enough"), "tuneyard resume digits --add-trials 30"),
        (finding("bounds"), "tuneyard next digits -o digits-next.yaml"),
        (
            finding("infeasible", about="", evidence={"failed": 9, "trials": 9}),
            "tuneyard resume digits --retry-failed",
        ),
        (finding("infeasible", about="", evidence={"failed": 5, "trials": 9}), "tuneyard show digits"),
        (finding("overfitting"), None),
        (finding("bounds", "cannot tell"), None),
    ],
)
def test_the_command_of_a_finding(found: dict[str, Any], command: str | None) -> None:
    assert command_of(found, "digits") == command


def test_a_run_that_was_imported_cannot_be_gone_on_with() -> None:
    assert (
        command_of(finding("enough"), "digits", resumable=False) == "tuneyard next digits -o digits-next.yaml"
    )
    assert command_of(finding("gap"), "digits", resumable=False) is None


def test_a_path_is_quoted_and_the_file_is_named_for_the_run() -> None:
    assert command_of(finding("idle"), "'/my runs/d x'") == "tuneyard next '/my runs/d x' -o 'd x-next.yaml'"


def test_every_check_that_next_mends_is_a_check() -> None:
    assert set(NEXT) <= set(CHECKS)


def test_the_doctor_fills_them_in() -> None:
    keys = {"max_steps": 3, "parameters": {"lr": {"min": 0.1, "max": 2.0}, "b": {"min": 0.1, "max": 0.9}}}
    run = followed(keys, trained(lambda c: -float(c["lr"]), 3), 40)
    told = {each["check"]: each["command"] for each in doctor(run.history, "mine")}
    assert told["bounds"] == "tuneyard next mine -o mine-next.yaml"
