"""What a check says: a verdict, a sentence, the next move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Finding", "Result", "Verdict", "cannot_tell"]

Verdict = Literal["pass", "warn", "cannot tell"]


@dataclass(frozen=True)
class Finding:
    """One sentence of a check.

    Attributes:
        verdict: "warn": look at it before the model is shipped.
        says: what was measured, with its numbers.
        next: what to do about it; "" = nothing.
    """

    verdict: Verdict
    says: str
    next: str = ""

    def to_json(self, check: str) -> dict[str, Any]:
        return {"check": check, "verdict": self.verdict, "says": self.says, "next": self.next}


@dataclass(frozen=True)
class Result:
    """What one check found.

    Attributes:
        findings: at least one.
        numbers: all that its part of the page shows, JSON but for floats that are not finite.
    """

    findings: tuple[Finding, ...]
    numbers: dict[str, Any]


def cannot_tell(says: str, next: str = "") -> Result:
    """A check that does not apply to this model, and why."""
    return Result((Finding("cannot tell", says, next),), {})
