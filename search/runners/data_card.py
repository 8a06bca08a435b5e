"""data.json of a run: the card of its data, written once by whoever begins it."""

from __future__ import annotations

import json
import logging
from typing import Any

from search.paths import RunPaths, write_atomic
from search.runners.base import Work
from search.sweep import PassiveSweep
from spaces import Constant, Space
from spaces.domains import Categorical, Ordinal

__all__ = ["card_wanted", "section_of", "write_card"]

log = logging.getLogger(__name__)


def card_wanted(sweep: PassiveSweep, work: Work) -> dict[str, Any] | None:
    """The data section that a card is to be written of: none for a trainable whose `data` is its own business, none where
    there is one already, of this run or of the run that it confirms."""
    if work.paths is None or work.plug.native or not work.plug.declaration().reads_sections:
        return None
    if work.paths.data.is_file():
        return None
    whole = RunPaths(work.paths.root.parent)
    if whole.confirmation == work.paths and whole.data.is_file():
        return None
    section = section_of(sweep.problem.space)
    return section if "source" in section else None


def section_of(space: Space) -> dict[str, Any]:
    """The data section, flat: of a searched option the first value, or its default where that is a range."""
    section: dict[str, Any] = {}
    for parameter in space.parameters:
        group, _, name = parameter.name.partition(".")
        if group != "data" or parameter.when:
            continue
        if isinstance(parameter.domain, Constant):
            section[name] = parameter.domain.value
        elif isinstance(parameter.domain, Categorical | Ordinal):
            section[name] = parameter.domain.choices[0]
    return section


def write_card(paths: RunPaths, section: dict[str, Any]) -> None:
    """Write data.json; a card that cannot be made is no reason for a run to fail: it says why instead."""
    from trainables.data.card import FORMAT, card_of

    try:
        card = card_of(section)
    except Exception as error:
        card = {"format": FORMAT, "problem": f"{type(error).__name__}: {error}"}
    try:
        write_atomic(paths.data, json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    except (OSError, ValueError) as error:
        log.warning("the data card could not be written: %s", error)
