"""What came true: labels for rows that were answered."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deploy.serving.refusals import Refusal

if TYPE_CHECKING:
    from deploy.schema import Schema

__all__ = ["labels_of"]

_REQUEST = re.compile(r"[0-9a-f]{16}")
_KEYS = {"request", "row", "label", "value"}
_LONGEST = 200
_LAST = 10**6


def labels_of(body: Any, schema: Schema, most: int) -> list[dict[str, Any]]:
    """Checked labels: `{"request": id, "row": 0, "label": "Adelie"}`, or with `value` for a number; one or a list.

    A label that the model does not know is taken: that it appears is worth knowing.

    Raises:
        Refusal: anything else (422, each fault with its row and field), or more than `most` (413).
    """
    entries = body if isinstance(body, list) else [body]
    if not entries:
        raise Refusal(422, "the list is empty; send one label or more")
    if len(entries) > most:
        raise Refusal(413, f"{len(entries)} labels; this path takes {most} at a time, send them in parts")
    wanted = "label" if schema.task == "classification" else "value"
    labels, faults = [], []
    for row, entry in enumerate(entries):
        fault = _fault(entry, wanted)
        if fault is None:
            told = str(entry[wanted]) if wanted == "label" else float(entry[wanted])
            labels.append({"request": entry["request"], "row": entry.get("row", 0), wanted: told})
        else:
            faults.append({"row": row, "field": fault[0], "rule": fault[1], "value": fault[2]})
    if faults:
        raise Refusal(422, f"row {faults[0]['row']}, {faults[0]['field']}: {faults[0]['rule']}", faults)
    return labels


def _fault(entry: Any, wanted: str) -> tuple[str, str, str] | None:
    """(field, rule, value) of what is wrong first."""
    if not isinstance(entry, Mapping):
        return "", f"a label is an object with request, row and {wanted}", _spelled(entry)
    if unknown := [name for name in entry if name not in _KEYS]:
        return unknown[0][:60], f"is not a field of a label; request, row and {wanted} are", ""
    request, row, told = entry.get("request"), entry.get("row", 0), entry.get(wanted)
    if not isinstance(request, str) or not _REQUEST.fullmatch(request):
        return (
            "request",
            "has to be the id that came with the answer (request, or X-Request-Id)",
            _spelled(request),
        )
    if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < _LAST:
        return "row", "has to be the number of a row of that answer", _spelled(row)
    if wanted == "label" and not (isinstance(told, str | int) and len(str(told)[: _LONGEST + 1]) <= _LONGEST):
        return "label", f"has to be a class, in at most {_LONGEST} characters", _spelled(told)
    if wanted == "value" and not _is_number(told):
        return "value", "has to be a finite number", _spelled(told)
    return None


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:
        return False


def _spelled(value: Any) -> str:
    """A foreign value in a few characters, never walked into."""
    if isinstance(value, list | dict):
        return type(value).__name__
    try:
        return repr(value)[:60]
    except ValueError:  # a whole number of thousands of digits
        return "a very large number"
