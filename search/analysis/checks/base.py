"""What a check says: a verdict with its evidence, and the next move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Finding", "Verdict", "cannot_tell", "passed"]

Verdict = Literal["pass", "warn", "fail", "cannot tell"]


@dataclass(frozen=True)
class Finding:
    """The answer of one check.

    Attributes:
        check: name of the check, that of its file.
        verdict: pass, warn (look at it), fail (a conclusion would be wrong), or cannot tell (and why).
        says: one or two sentences with the numbers that matter; names of parameters and trials as they are.
        about: the parameter or trial that it is about; "" = the sweep.
        evidence: JSON: every number that `says` or the picture is made of.
        next: what to do about it, a sentence; "" where nothing is to be done.
        command: to copy, or None; `doctor` fills it in, who knows which run it is (`commands`).
        picture: `{"kind": "bars", "labels": [...], "values": [...], "limit": float | None}` or
            `{"kind": "line", "x": [...], "lines": {name: [...]}, "mark": float | None}`; None = no picture.
    """

    check: str
    verdict: Verdict
    says: str
    about: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    next: str = ""
    command: str | None = None
    picture: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """A dict for report.json."""
        return asdict(self)


def passed(check: str, says: str, **evidence: Any) -> Finding:
    """Nothing was found."""
    return Finding(check, "pass", says, evidence=evidence)


def cannot_tell(check: str, why: str, **evidence: Any) -> Finding:
    """There is too little to judge by; `why` says of what."""
    return Finding(check, "cannot tell", why, evidence=evidence)
