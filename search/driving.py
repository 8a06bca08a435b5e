"""What it takes to drive a sweep in a run directory: the lock, the journal, a runner that fits, the views."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from search.errors import SettingsError
from search.journal import FileJournal, RunLock
from search.paths import RunPaths
from search.runners import Runner, StopSignal, Work, make_runner
from search.runners.cohort import CohortRunner
from search.runners.room import free_memory, no_room
from search.settings import ResolvedSettings
from search.storage import home_of, mirror_of
from search.sweep import Observer, PassiveSweep
from search.trust import unwritable_by_others

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["crowded", "drive", "driving", "recorded_settings", "runner_for", "views_of", "write_report"]

log = logging.getLogger(__name__)


@contextmanager
def driving(paths: RunPaths) -> Iterator[FileJournal]:
    """The lock and the journal of a run, for as long as this process drives it."""
    with unwritable_by_others():
        lock = RunLock(paths.lock)
        try:
            journal = FileJournal(paths.journal)
            try:
                yield journal
            finally:
                journal.close()
        finally:
            lock.release()


def drive(
    driver: Runner,
    sweep: PassiveSweep,
    settings: ResolvedSettings,
    paths: RunPaths | None,
    stop: StopSignal | None,
) -> None:
    """Run the sweep to its end, or until `stop` is set, and let its views finish."""
    work = Work(
        plug=settings.plug,
        paths=paths,
        resources=settings.resources,
        workers=settings.workers,
        stop=StopSignal() if stop is None else stop,  # an unset signal is false
        checkpoint_every=settings.checkpoint_every,
        base=settings.base,
        home=None if paths is None else home_of(paths),
        lanes=settings.lanes,
    )
    try:
        driver.run(sweep, work)
    finally:
        sweep.close_observers()


def recorded_settings(
    about: Mapping[str, Any], name: str, target: type | Callable[..., Any] | None
) -> ResolvedSettings:
    """The settings in the header of a journal. Raises SettingsError: the run was imported, and trains nothing here."""
    imported = about.get("imported")
    if imported is not None:
        raise SettingsError(
            f"{name} was imported from {imported['from']}, which did not say how its trials are trained. Write a sweep "
            f"file of your own (tuneyard init) and let it learn from this run: --set 'warm_start=[{name}]'"
        )
    return ResolvedSettings.from_dict(about["settings"], target=target)


def runner_for(name: str, address: str | None, settings: ResolvedSettings) -> Runner:
    """The runner, if it can run what the settings say, here or at the address. Raises SettingsError."""
    if name == "ray":
        if address is None and (said := crowded(settings)) is not None and not ray_is_connected():
            raise SettingsError(said)
        return make_runner(name, address=address, scheduler=settings.ray_scheduler)
    if address is not None:
        raise SettingsError(
            f"address {address!r} is for the Ray runner; the runner is {name}. Leave one of them out"
        )
    driver = make_runner(name)
    if settings.plug.native:
        raise SettingsError(
            f"{settings.plug.ref} is a native Ray Tune trainable, which only the Ray runner runs; the runner is {name}. "
            "A function of your own that is to run anywhere has to `yield` its metrics after every step"
        )
    if settings.ray_scheduler is not None:
        raise SettingsError(
            f"early_terminate.type: ray/{settings.ray_scheduler[0]} lives in Ray Tune; the runner is {name}. "
            "Use asha, hyperband or median, which every runner has"
        )
    return CohortRunner() if name == "inline" and settings.lanes is not None else driver


def crowded(settings: ResolvedSettings) -> str | None:
    """Why the workers that the settings ask for do not fit into the memory of this machine; None: they do."""
    trials = settings.problem().budget.trials
    return no_room(settings.workers, trials, settings.resources, settings.plug, free_memory())


def ray_is_connected() -> bool:
    """Whether this process has a cluster already: one of the user's own, or the one that it was submitted to."""
    ray = sys.modules.get("ray")
    return ray is not None and bool(ray.is_initialized())


def views_of(paths: RunPaths, settings: ResolvedSettings) -> list[Observer]:
    """What every run shows itself in, and the mirrors that its sweep file asks for."""
    from search.views.tensorboard import TensorBoardView

    views: list[Observer] = [TensorBoardView(paths.tensorboard)]
    if (mirror := mirror_of(paths)) is not None:
        views.append(mirror)
    if settings.file.mirrors is not None:
        from search.views.mirrors import mirrors_of

        views += mirrors_of(settings.file.mirrors, paths.root, settings.storage)
    return views


def write_report(run: Run) -> None:
    """The report of a run; one that fails must not take the run with it."""
    try:
        run.report()
    except Exception as error:
        log.warning(
            "the report could not be written (%s: %s); try again: tuneyard report %s",
            type(error).__name__,
            error,
            run.name,
        )
