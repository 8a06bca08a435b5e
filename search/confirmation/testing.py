"""The locked test part, opened for the winner of a confirmation: once, and the journal says so before anybody looks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from search.errors import JournalError, TuneyardError
from search.journal import read_journal
from search.paths import RunPaths
from search.settings import ResolvedSettings
from search.settings.data_section import constants
from search.storage import home_of, resume_point
from search.sweep import PassiveSweep
from spaces import nest
from trainables.data import read_section
from trainables.data.locked import Permit, opened
from trainables.host import Host

__all__ = ["has_test_part", "openings", "test_winner"]

log = logging.getLogger(__name__)


def has_test_part(settings: ResolvedSettings) -> bool:
    """Whether there is anything to open: the trainable reads a `data:` section with a test part, and can be measured."""
    data = settings.file.data
    if (
        data is None
        or not settings.plug.can_measure
        or not settings.plug.declaration(constants(data)).reads_sections
    ):
        return False
    return bool(read_section(constants(data))["split.test"])


def openings(searched: RunPaths) -> int:
    """How often the test part was opened for this run: by its confirmation, and by those that were put aside."""
    count = 0
    for journal in sorted(
        searched.root.glob(f"{searched.confirmation.name}*/{searched.confirmation.journal.name}")
    ):
        try:
            count += sum(record["type"] == "test" for record in read_journal(journal))
        except JournalError:  # killed before its header was whole: nothing can have been opened
            continue
    return count


def test_winner(
    searched: RunPaths, sweep: PassiveSweep, settings: ResolvedSettings, label: str, numbers: list[int]
) -> None:
    """Measure the models that the confirmation trained from one config, as they were after their last step.

    Journalled as two records: `test` (opening, label, trials) before the test rows are read, so that a crash in between
    counts as an opening, and `tested` (opening, results: metrics by trial id, or error). It runs in this process.

    Args:
        label: of the candidate. numbers: its trials that are complete.
    """
    opening = openings(searched) + 1
    ids = [sweep.history.trials[number].id for number in numbers]
    sweep.note("test", opening=opening, label=label, trials=ids)
    try:
        results = _measure(searched, sweep, settings, numbers, Permit(searched.name, opening))
    except (TuneyardError, OSError, ValueError, RuntimeError) as error:
        log.warning("the test part was opened, and could not be measured on: %s", error)
        sweep.note("tested", opening=opening, error=f"{type(error).__name__}: {error}")
        return
    sweep.note("tested", opening=opening, results=results)


def _measure(
    searched: RunPaths, sweep: PassiveSweep, settings: ResolvedSettings, numbers: list[int], permit: Permit
) -> Mapping[str, dict[str, Any]]:
    results: dict[str, dict[str, Any]] = {}
    home, host = home_of(searched.confirmation), Host(settings.plug)
    try:
        with opened(permit):
            for number in numbers:
                trial = sweep.history.trials[number]
                found = resume_point(searched.confirmation, number, trial.steps, home=home)
                if found is None:
                    raise JournalError(f"{trial.id} has no sound checkpoint left; confirm again: --afresh")
                checkpoint, step = found
                host.start(nest(trial.config), seed=trial.seed, checkpoint=checkpoint, from_step=step)
                results[trial.id] = {
                    f"test/{name.removeprefix('val/')}": float(value)
                    for name, value in host.measure().items()
                    if name.startswith("val/")
                }
    finally:
        host.close()
    return results
