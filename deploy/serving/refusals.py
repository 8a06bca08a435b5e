"""What a request is answered that cannot be served: one form of JSON, whatever the reason."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["MOST_FAULTS", "Refusal", "json_bytes"]

MOST_FAULTS = 100
"""Faults that an answer lists; it says how many there were."""


class Refusal(Exception):
    """A request that is not served. `rule`: the sentence for the sender; nothing of this machine is in it.

    Attributes:
        status: of HTTP.
        faults: where a record is wrong: row, field, rule, value.
        headers: further ones of the answer.
    """

    def __init__(
        self,
        status: int,
        rule: str,
        faults: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(rule)
        self.status, self.rule, self.faults, self.headers = status, rule, faults, dict(headers or {})

    def to_json(self, request: str) -> dict[str, Any]:
        """The body of the answer to the request of this id."""
        error: dict[str, Any] = {"status": self.status, "rule": self.rule}
        if self.faults:
            error |= {"faults": list(self.faults[:MOST_FAULTS]), "faults_in_all": len(self.faults)}
        return {"error": error, "request": request}


def json_bytes(value: Any) -> bytes:
    """Strict JSON in ASCII, so that no text can fail to be written; numbers that JSON lacks become null."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False, separators=(",", ":")).encode("ascii")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
