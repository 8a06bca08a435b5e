"""The command that makes the next move of a finding, where there is one that does exactly that."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["NEXT", "command_of", "next_command"]

NEXT = (
    "bounds",
    "infeasible",
    "idle",
    "effort",
    "steps_parameter",
    "still_improving",
    "saturated",
    "rung_ranks",
)
"""Checks whose faults `tuneyard next` mends in a new sweep file."""

_CONFIRM = ("gap", "divergence", "late_noise")


def command_of(finding: Mapping[str, Any], reference: str, resumable: bool = True) -> str | None:
    """To copy into a shell.

    Args:
        finding: as in `Finding.to_json`.
        reference: the run, as a command line names it, quoted for a shell.
        resumable: whether more trials can be added to the run; not to one that was imported.
    """
    check, verdict, evidence = finding["check"], finding["verdict"], finding["evidence"]
    unsure = check == "gap" and verdict == "cannot tell" and bool(finding["next"])
    if verdict not in ("warn", "fail") and not unsure:
        return None
    if check in _CONFIRM:
        return f"tuneyard confirm {reference}" if resumable else None
    if check == "infeasible" and not finding["about"]:
        everything = evidence["failed"] == evidence["trials"]
        retry = f"tuneyard resume {reference} --retry-failed"
        return f"tuneyard show {reference}" if not (everything and resumable) else retry
    if check == "enough" and resumable:
        return f"tuneyard resume {reference} --add-trials {evidence['more']}"
    if check in NEXT or check == "enough":
        return next_command(reference)
    return None


def next_command(reference: str) -> str:
    """`tuneyard next` into a file named for the run. `reference`: as of `command_of`."""
    name = Path(shlex.split(reference)[0]).name
    return f"tuneyard next {reference} -o {shlex.quote(f'{name}-next.yaml')}"
