"""What was held still, and so what the conclusion hangs on. Nothing is guessed: a constant is not a fault."""

from __future__ import annotations

from search.analysis.axes import axes_of, spelled
from search.analysis.checks.base import Finding, passed
from search.history import History
from spaces import Constant

__all__ = ["fixed"]

SHOWN, LONGEST = 8, 40  # constants in the sentence, and letters of a value; the evidence holds all of them


def fixed(history: History) -> list[Finding]:
    """Passes always: `evidence.fixed` is every constant of the space, as name -> spelled value (None: in branches)."""
    searched = {axis.name for axis in axes_of(history)}
    found = {
        parameter.name: _without_folders(parameter.name, spelled(parameter.domain.value))
        for parameter in history.problem.space.parameters
        if isinstance(parameter.domain, Constant) and parameter.name not in searched
    }
    if not found:
        return [
            passed(
                "fixed",
                "The space holds no constant; what it does not name is at the trainable's own defaults.",
                fixed={},
            )
        ]
    told = ", ".join(f"{name} = {_short(value)}" for name, value in list(found.items())[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return [passed("fixed", f"The conclusion holds for what was held fixed: {told}{more}.", fixed=found)]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _without_folders(name: str, text: str) -> str:
    """A report is handed on: the folders of a data file are the business of the machine they are on."""
    return text.rpartition("/")[2] if name == "data.source" and text.startswith("/") else text
