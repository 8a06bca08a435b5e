from __future__ import annotations

from typing import Any

from search.analysis.moves import with_findings

CONFIRM = {"text": "Train the first places again.", "command": "tuneyard confirm digits"}


def said(**more: Any) -> dict[str, Any]:
    return {"winner": {"trial": "t00001"}, "cautions": ["One seed."], "next": [CONFIRM], **more}


def finding(check: str, verdict: str, command: str | None) -> dict[str, Any]:
    return {"check": check, "verdict": verdict, "next": f"Mend {check}.", "command": command}


def test_worse_findings_are_named_and_their_commands_taken_over_once() -> None:
    findings = [
        finding("still_improving", "fail", "tuneyard next digits"),
        finding("bounds", "warn", "tuneyard next digits"),
        finding("gap", "warn", "tuneyard confirm digits"),
        finding("fixed", "warn", None),
        finding("idle", "pass", "tuneyard ls"),
    ]
    told = with_findings(said(), findings)
    assert told["cautions"][1] == (
        "The doctor has 1 failure (still improving) and 3 warnings (bounds, gap, fixed): the evidence stands below."
    )
    assert [step["command"] for step in told["next"]] == ["tuneyard confirm digits", "tuneyard next digits"]
    assert "2 findings of the doctor (still improving, bounds)" in told["next"][1]["text"]


def test_one_finding_speaks_for_itself() -> None:
    told = with_findings(said(), [finding("bounds", "warn", "tuneyard next digits")])
    assert told["next"][1] == {"text": "Mend bounds.", "command": "tuneyard next digits"}


def test_nothing_is_added_where_nothing_is_wrong_or_nobody_won() -> None:
    assert with_findings(said(), [finding("idle", "pass", None)]) == said()
    lost = said(winner=None)
    assert with_findings(lost, [finding("bounds", "fail", "x")]) == lost
