"""`confirm`: what it needs of the rest of a sweep file, told before the search is paid for rather than after it."""

from __future__ import annotations

from search.settings.document import Document
from search.settings.sweep_file import SweepFile
from trainables.plug import Plug

__all__ = ["confirm_problems"]


def confirm_problems(file: SweepFile, plug: Plug, document: Document) -> list[str]:
    """What keeps the confirmation that a file asks for from being made, one line each."""
    asked = file.confirm
    if asked is None or asked.folds is None:
        return []
    problems = []
    if file.data is None and not plug.declaration(None).reads_sections:
        said = "these are folds of the `data:` section, and there is none; confirm over seeds: confirm: {seeds: 5}"
        problems.append(document.problem(("confirm", "folds"), said))
    if asked.racing:
        said = "holds its error rate over independent seeds, and folds share training rows; leave one of them out"
        problems.append(document.problem(("confirm", "racing"), said))
    return problems
