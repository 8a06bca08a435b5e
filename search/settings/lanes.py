"""`lanes`: what it needs of the rest of a sweep file, and what it means where it leaves something open."""

from __future__ import annotations

from search.errors import SettingsError
from search.settings.document import Document
from search.settings.sweep_file import LanesSection, SweepFile
from trainables.plug import Plug

__all__ = ["AUTO_WIDTH", "lanes_problems", "with_lanes", "with_width"]

AUTO_WIDTH = 64
"""Lanes of a worker where the file leaves it open; see docs/lanes.md for what other widths are worth."""

_ROUNDS = 8  # in which a method that learns is asked, one after the other
_QUEUE = 4  # open trials for each lane, where the file does not say


def lanes_problems(file: SweepFile, plug: Plug, document: Document) -> list[str]:
    """What keeps the trials of a file from being trained in lanes, one line each; [] without `lanes`."""
    section = file.lanes
    if section is None:
        return []
    problems = []
    if plug.native:
        said = f"{plug.ref} is a native Ray Tune trainable, which Ray trains trial by trial; leave lanes out"
        problems.append(document.problem(("lanes",), said))
    if file.repeats is not None:
        said = (
            "lanes take turns by steps, and with repeats a step is a whole training; leave one of the two out"
        )
        problems.append(document.problem(("lanes",), said))
    if file.early_terminate is not None and file.early_terminate.type.startswith("ray/"):
        said = (
            f"{file.early_terminate.type} is asked by Ray Tune, which knows workers and not the trials in their lanes; "
            "leave lanes out, or use asha, hyperband or median"
        )
        problems.append(document.problem(("lanes",), said))
    if file.resources.when:
        said = "trials in lanes share one worker, so none has needs of its own; leave resources.when out, or lanes"
        problems.append(document.problem(("resources", "when"), said))
    width, queue = section.width, section.queue
    if width is not None and queue is not None and queue < width:
        said = (
            f"counts the trials in lanes and those that wait for one, so it must be the width ({width}) or more, got "
            f"{queue}; leave it out for {_QUEUE * width}"
        )
        problems.append(document.problem(("lanes", "queue"), said))
    return problems


def with_lanes(
    section: LanesSection | None, trials: int | None, workers: int | None = None, *, learns: bool = False
) -> LanesSection | None:
    """The section with its defaults; where it leaves the width open, no wider than a worker's share of the `trials`, and
    for a method that `learns` than an eighth of that: what begins together was proposed knowing the same.
    """
    if section is None:
        return None
    rounds = _ROUNDS * (workers or 1) if learns else workers or 1
    share = AUTO_WIDTH // (_ROUNDS if learns else 1) if trials is None else -(-trials // rounds)
    width = section.width or min(AUTO_WIDTH, share, section.queue or AUTO_WIDTH)
    return LanesSection(width=width, queue=section.queue or _QUEUE * width)


def with_width(file: SweepFile, plug: Plug, width: int) -> SweepFile:
    """The file with so many lanes in place of its own; 0 = each trial is trained by itself.

    Raises SettingsError: lanes do not go with something else in it.
    """
    section = with_lanes(LanesSection(width=width), None) if width else None
    file = file.model_copy(update={"lanes": section})
    if problems := lanes_problems(file, plug, Document({}, {(): f"--lanes {width}"})):
        raise SettingsError(problems)
    return file
