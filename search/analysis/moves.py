"""The verdict with what the doctor found: how sure one can be, and what to do about it, belong on the first screen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from search.analysis.numbers import plural

__all__ = ["with_findings"]

MOST = 3
"""Moves that are taken over at most: the others stand with their findings."""


def with_findings(
    verdict: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], done: Collection[str] = ()
) -> dict[str, Any]:
    """`verdict` with one more of the `cautions`, which names the checks that fail or warn, and with their commands among
    what to do `next`; findings that ask for the same command make one move, and a command is never named twice, and none that is `done`.
    """
    worse = [each for each in findings if each["verdict"] in ("fail", "warn")]
    if not worse or verdict["winner"] is None:
        return dict(verdict)
    cautions = [*verdict["cautions"], _caution(worse)]
    known = {*done, *(step["command"] for step in verdict["next"])}
    asked: dict[str, list[Mapping[str, Any]]] = {}
    for each in worse:
        if each["next"] and each["command"] and each["command"] not in known:
            asked.setdefault(each["command"], []).append(each)
    moves = [{"text": _move(found), "command": command} for command, found in asked.items()]
    return {**verdict, "cautions": cautions, "next": [*verdict["next"], *moves[:MOST]]}


def _caution(worse: Sequence[Mapping[str, Any]]) -> str:
    failed = [each for each in worse if each["verdict"] == "fail"]
    parts = []
    if failed:
        parts.append(f"{plural(len(failed), 'failure')} ({_names(failed)})")
    if len(failed) < len(worse):
        warned = [each for each in worse if each["verdict"] == "warn"]
        parts.append(f"{plural(len(warned), 'warning')} ({_names(warned)})")
    return f"The doctor has {' and '.join(parts)}: the evidence stands below."


def _names(findings: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(str(each["check"]).replace("_", " ") for each in findings))
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _move(found: Sequence[Mapping[str, Any]]) -> str:
    if len(found) == 1:
        return str(found[0]["next"])
    return f"{len(found)} findings of the doctor ({_names(found)}) ask for one and the same:"
