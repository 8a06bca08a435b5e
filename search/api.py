"""From settings to a run, and from a run that was interrupted to its end: the one place that puts the parts together."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.confirmation import confirm
from search.driving import drive, driving, recorded_settings, runner_for, views_of, write_report
from search.errors import JournalError, RunExistsError, RunNotFoundError, SettingsError
from search.history import History, Observation
from search.journal import Journal, MemoryJournal, read_journal
from search.paths import RunPaths, check_name, write_atomic
from search.problem import Budget, Problem
from search.provenance import provenance
from search.run import Run
from search.runners import Runner, StopSignal
from search.searchers.fidelity import newest
from search.searchers.priors import priors_of, retold
from search.settings import Override, ResolvedSettings, Settings, read_settings
from search.settings.lanes import with_width
from search.storage import (
    EVERYTHING,
    bring_checkpoints,
    fetch,
    find_run,
    home_of,
    is_remote,
    kept,
    open_store,
    run_names,
)
from search.sweep import Observer, PassiveSweep, halted_for_good
from search.trial import Outcome
from search.trust import require_own, unwritable_by_others
from search.views.notebook import shown_in_notebooks

if TYPE_CHECKING:
    from search.settings.sweep_file import WarmStartSection

__all__ = ["Sweep", "priors_for", "resume"]

log = logging.getLogger(__name__)


class Sweep:
    """A sweep to be run: every key of a sweep file is an argument.

        run = Sweep(trainable=train, parameters={"lr": {"min": 1e-5, "max": 1e-1}}, metric="loss", run_cap=20).run()
        run.best, run.trials, run.results, run.report()

    `trainable`: a catalogue name, `package.module:attribute`, `file.py:attribute`, or the class or function itself.
    `runner`: "ray" (default), "inline" (this process, one trial at a time) or "simulated" (virtual clock, no files).
    `address`: of an existing Ray cluster ("auto", HOST:PORT); default a local one.

    Raises SettingsError: every problem that can be seen without importing the trainable.
    """

    def __init__(
        self,
        trainable: str | type | Callable[..., Any],
        *,
        runner: str = "ray",
        address: str | None = None,
        **settings: Any,
    ) -> None:
        self.settings = Settings.from_python(trainable, **settings)
        self._named = "name" in settings
        self.runner, self.address = runner, address

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        overrides: Sequence[str | Override] = (),
        *,
        runner: str = "ray",
        address: str | None = None,
    ) -> Sweep:
        """The sweep of a file; `overrides` as of `--set key=value`. Raises SettingsError."""
        sweep = cls.__new__(cls)
        sweep.settings = read_settings(Path(path), overrides)
        sweep._named = any(isinstance(given, Override) and given.key == "name" for given in overrides)
        sweep.runner, sweep.address = runner, address
        return sweep

    @cached_property
    def resolved(self) -> ResolvedSettings:
        """The settings with every default written out; imports the trainable. Raises SettingsError."""
        return self.settings.resolved()

    @shown_in_notebooks
    def run(
        self,
        *,
        runner: str | None = None,
        address: str | None = None,
        observers: Sequence[Observer] = (),
        stop: StopSignal | None = None,
    ) -> Run:
        """Run it to its end, or until `stop` is set; returns the run, with its report written.

        Nothing is written before all is checked. Raises SettingsError, RunExistsError, RunnerError, JournalError.
        """
        name = runner or self.runner
        settings = self.settings.resolved(simulated=True) if name == "simulated" else self.resolved
        problem = settings.problem()
        searcher, scheduler = settings.searcher(problem), settings.scheduler(problem)
        driver = runner_for(name, address or self.address, settings)
        priors = priors_for(settings)
        written = self.settings.document.data  # what the next sweep's file is made of; holds no secrets
        about = {
            "settings": settings.to_dict(),
            "written": written,
            "runner": name,
            **provenance(settings.base),
        }
        if name == "simulated":
            return _simulate(
                driver,
                settings,
                stop,
                lambda journal, views: PassiveSweep.begin(
                    problem,
                    searcher,
                    scheduler,
                    journal,
                    about=about,
                    priors=priors,
                    observers=[*observers, *views],
                ),
            )
        stop = StopSignal() if stop is None else stop
        with unwritable_by_others():
            paths = _new_run(settings, self._named)
        # Within: an empty run reaches no store. Without: it could not be kept there.
        with _or_nothing(paths), kept(paths, stop.request), _or_nothing(paths):
            with driving(paths) as journal:
                write_atomic(paths.settings, settings.to_yaml(_headline(about)))
                sweep = PassiveSweep.begin(
                    problem,
                    searcher,
                    scheduler,
                    journal,
                    about={**about, "path": str(paths.root)},
                    priors=priors,
                    observers=[*views_of(paths, settings), *observers],
                )
                drive(driver, sweep, settings, paths, stop)
            return _finished(paths, settings, name, address or self.address, observers, stop)


@shown_in_notebooks
def resume(
    reference: str | Path,
    *,
    storage: str | Path = "runs",
    add_trials: int = 0,
    retry_failed: bool = False,
    fork: str | None = None,
    runner: str | None = None,
    address: str | None = None,
    workers: int | None = None,
    lanes: int | None = None,
    trainable: type | Callable[..., Any] | None = None,
    trust: bool = False,
    observers: Sequence[Observer] = (),
    stop: StopSignal | None = None,
) -> Run:
    """Go on with a run that was interrupted, killed or is to be extended.

    `add_trials`: more trials than its budget had. `retry_failed`: failed trials are tried again, from their last
    checkpoint. `fork`: the name of a copy to go on in, beside the run, which stays as it is. `runner`, `workers`, `lanes`:
    other than before; 0 lanes = each trial by itself. `trainable`: the object, where the sweep was given one. `trust`: go
    on with it although others could have written to its directory; what its journal names is executed.

    Raises RunNotFoundError, LockedError (another driver is at work), JournalError (damaged, or not to be replayed),
    SettingsError (the run was imported, or lanes do not go with it), TrustError (it is not this user's alone).
    """
    paths = find_run(storage, reference)
    _refuse_copy(paths)
    if not trust:
        require_own(paths)
    if fork is not None:
        _bring_whole(paths)
        recorded_settings(
            read_journal(paths.journal)[0]["about"], paths.name, trainable
        )  # or there is no use in a copy
        paths = _forked(paths, fork)
    stop = StopSignal() if stop is None else stop
    with kept(paths, stop.request):
        with driving(paths) as journal:
            records = read_journal(paths.journal)
            about = records[0]["about"]
            settings = recorded_settings(about, paths.name, trainable)
            if workers is not None:
                settings = replace(settings, file=settings.file.model_copy(update={"workers": workers}))
            if lanes is not None:
                settings = replace(settings, file=with_width(settings.file, settings.plug, lanes))
            history = History.from_records(records)
            problem = Problem.from_json(
                records[0]["problem"]
            )  # as it began: what was decided by its budget stays
            if add_trials and not retry_failed and (halt := halted_for_good(history)) is not None:
                raise SettingsError(
                    f"--add-trials {add_trials}: {halt}, which ends this sweep whatever its budget. Run its file again "
                    f"with another limit, and let it learn from this run: --set 'warm_start=[{paths.name}]'"
                )
            name = runner or about.get("runner", "ray")
            driver = runner_for(name, address, settings)
            sweep = PassiveSweep.resume(
                records,
                settings.searcher(problem),
                settings.scheduler(problem),
                journal,
                about={"runner": name, **provenance(settings.base), "path": str(paths.root)},
                observers=[*views_of(paths, settings), *observers],
            )
            if add_trials:
                sweep.extend(_more_trials(sweep, add_trials), sweep.elapsed)
            if retry_failed:
                for trial in sweep.history.trials:
                    if trial.outcome is Outcome.FAILED:
                        sweep.reopen(trial.number, sweep.elapsed)
            drive(driver, sweep, settings, paths, stop)
        return _finished(paths, settings, name, address, observers, stop)


def _refuse_copy(paths: RunPaths) -> None:
    """Raises SettingsError: the run is driven on a cluster, and this is its copy."""
    if paths.cluster.is_file():
        raise SettingsError(
            f"{paths.root} is the copy of a run on a cluster, where it lives. Go on with it there (tuneyard status "
            f"{paths.name}), or run its file here under another name, and let it learn from this one: "
            f"--set 'warm_start=[{paths.name}]'"
        )


def read_history(paths: RunPaths) -> History:
    """What the journal of a run tells. Raises JournalError."""
    return History.from_records(read_journal(paths.journal))


@contextmanager
def _or_nothing(paths: RunPaths) -> Iterator[None]:
    """Leaves no run directory behind where not even a trial was asked for."""
    try:
        yield
    except Exception:
        if not _began(paths):
            shutil.rmtree(paths.root, ignore_errors=True)
        raise


def _bring_whole(paths: RunPaths) -> None:
    """All that a store holds of a run, checkpoints included."""
    home = home_of(paths)
    if home is not None:
        fetch(home.url, home.run, files=EVERYTHING)
        numbers = range(len(read_history(paths).trials))
        bring_checkpoints(open_store(home.url), home, paths, numbers)


def _began(paths: RunPaths) -> bool:
    """Whether a trial was asked for. A disk too full for the header leaves a journal without a whole line."""
    try:
        return bool(read_history(paths).trials)
    except JournalError:
        return paths.journal.is_file() and b"\n" in paths.journal.read_bytes()


def _simulate(
    driver: Runner,
    settings: ResolvedSettings,
    stop: StopSignal | None,
    begin: Callable[[Journal, Sequence[Observer]], PassiveSweep],
) -> Run:
    sweep = begin(MemoryJournal(), ())
    drive(driver, sweep, settings, None, stop)
    return Run(sweep.history, None, settings.name)


def _new_run(settings: ResolvedSettings, named: bool) -> RunPaths:
    """A fresh run directory. `named`: the user chose the name for this run, so it is taken or refused, not numbered."""
    name, storage = check_name(settings.name), settings.storage
    url = settings.file.storage or ""
    there = set(run_names(url)) if is_remote(url) else set()
    storage.mkdir(parents=True, exist_ok=True)
    for number in range(1, 2 if named else 10_000):
        candidate = name if number == 1 else f"{name[:58]}-{number}"
        if candidate in there:
            continue
        try:
            (storage / candidate).mkdir()
            return RunPaths(storage / candidate)
        except FileExistsError:
            continue
    raise RunExistsError(
        f"{f'{url}/{name}' if there else storage / name} exists. Go on with it: tuneyard resume "
        f"{f'{url}/{name}' if there else name}; or give the new run another name"
    )


def _forked(paths: RunPaths, name: str) -> RunPaths:
    """A copy of a run under another name: its journal, settings, logs and checkpoints; views and reports are made anew."""
    fork = RunPaths(paths.root.parent / check_name(name, "name of the fork"))
    if fork.root.exists():
        raise RunExistsError(f"{fork.root} exists. Give the fork another name")
    unfinished = fork.root.with_name(f".{name}.forking")
    shutil.rmtree(unfinished, ignore_errors=True)
    views = (paths.lock, paths.tune, paths.tensorboard, paths.wandb, paths.report, paths.model)
    made_anew = [view.name for view in views]
    shutil.copytree(paths.root, unfinished, ignore=shutil.ignore_patterns(*made_anew))
    unfinished.rename(fork.root)
    return fork


def _more_trials(sweep: PassiveSweep, more: int) -> Budget:
    """The budget with room for `more` trials: than its cap where that ended the sweep or is still to come; than there
    are where time or steps were spent first, a limit which is then lifted."""
    budget, asked = sweep.problem.budget, len(sweep.history.trials)
    spent_time = budget.seconds is not None and sweep.elapsed >= budget.seconds
    spent_steps = budget.steps is not None and sweep.history.steps_total >= budget.steps
    cap = asked if spent_time or spent_steps else max(budget.trials or asked, asked)
    return replace(
        budget,
        trials=cap + more,
        seconds=None if spent_time else budget.seconds,
        steps=None if spent_steps else budget.steps,
    )


def priors_for(settings: ResolvedSettings) -> list[Observation]:
    """What the runs of `warm_start` teach: their trials whose configs lie in the space.

    Raises SettingsError: no such run, another metric or goal, or not one config that fits. JournalError.
    """
    return [prior for earlier in settings.warm_start for prior in _priors(earlier, settings)]


def _priors(earlier: WarmStartSection, settings: ResolvedSettings) -> Iterator[Observation]:
    """What an earlier run saw, as far as its configs lie in the space of this one.

    Raises SettingsError: no such run, another metric or goal, or not one config that fits.
    """
    reference = earlier.run
    try:
        records = read_journal(find_run(settings.file.storage or "runs", reference).journal)
    except RunNotFoundError as error:
        raise SettingsError(f"warm_start: {error}") from error
    problem, history = settings.problem(), History.from_records(records)
    mine, theirs = problem.objective, history.problem.objective
    if (mine.metric, mine.goal) != (theirs.metric, theirs.goal):
        raise SettingsError(
            f"warm_start: {reference} was searched for {theirs.goal} {theirs.metric}, this sweep for {mine.goal} "
            f"{mine.metric}; values of one say nothing about the other"
        )
    fitting, seen = (
        list(priors_of(retold(records, problem), problem, earlier.ignore)),
        newest(history.observations),
    )
    yield from fitting
    if not fitting:
        raise SettingsError(
            f"warm_start: none of the {len(seen)} trials of {reference} lies in this space; "
            "compare the parameters (tuneyard compare) or leave it out"
        )
    if len(fitting) < len(seen):
        log.warning(
            "warm_start: %d of %d trials of %s lie in this space",
            len(fitting),
            len(seen),
            reference,
        )


def _headline(about: dict[str, Any]) -> dict[str, str]:
    """The facts for the first lines of sweep.yaml."""
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items() if number)
    git = about["git"]
    commit = f"{git['commit']}{' with uncommitted changes' if git['dirty'] else ''}" if git else "none"
    return {"versions": versions, "git": commit, "host": about["host"]}


def _finished(
    paths: RunPaths,
    settings: ResolvedSettings,
    runner: str,
    address: str | None,
    observers: Sequence[Observer],
    stop: StopSignal | None,
) -> Run:
    """The run, with its report, and confirmed where its file asks for that and it is over."""
    run = Run(read_history(paths), paths)
    if settings.file.confirm is not None and run.state == "finished" and run.best is not None and not stop:
        try:
            confirm(
                paths.root,
                runner=runner,
                address=address,
                workers=settings.workers,
                trainable=settings.target,
                trust=True,  # this process has just written it
                observers=observers,
                stop=stop,
            )
        except SettingsError as error:  # more trials were added, and other configs are best now
            log.warning("not confirmed: %s", error)
            write_report(run)
    else:
        write_report(run)
    return run
