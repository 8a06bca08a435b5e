"""`confirm`: begins the confirmation of a run, or goes on with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from search.confirmation.candidates import Candidate, candidates_of, space_of
from search.confirmation.replicates import (
    Replicates,
    best_of,
    places_of,
    seeds_of,
    table_of,
    without_fold,
)
from search.confirmation.testing import has_test_part, openings, test_winner
from search.driving import drive, driving, recorded_settings, runner_for, views_of, write_report
from search.errors import JournalError, SettingsError
from search.history import History, Record
from search.journal import read_journal
from search.paths import RunPaths
from search.problem import Budget, Problem
from search.provenance import provenance
from search.run import Run
from search.runners import StopSignal
from search.schedulers import make_scheduler
from search.settings import ResolvedSettings
from search.settings.sweep_file import ConfirmSection
from search.storage import forget, home_of, kept
from search.sweep import Observer, PassiveSweep
from search.trial import Outcome
from search.trust import require_own, unwritable_by_others
from spaces.values import canonical

__all__ = ["confirm", "expected_trials"]


def confirm(
    reference: str | Path,
    *,
    storage: str | Path = "runs",
    top: int | None = None,
    seeds: int | None = None,
    folds: int | None = None,
    baseline: Mapping[str, Any] | None = None,
    racing: bool | None = None,
    afresh: bool = False,
    test: bool | None = None,
    runner: str | None = None,
    address: str | None = None,
    workers: int | None = None,
    trainable: type | Callable[..., Any] | None = None,
    trust: bool = False,
    observers: Sequence[Observer] = (),
    stop: StopSignal | None = None,
) -> Run:
    """Train the best configs of a run again, each under the same fresh seeds, to full fidelity; nothing is stopped early.

    Called again it goes on where it was interrupted, adds the seeds that it was not asked for before, and does nothing
    where it is complete. `afresh`: put an earlier confirmation aside (it stays, as `confirm-1`, ...) and begin another;
    needed once other configs are to be confirmed than then.
    Once it is complete, its winner is measured on the locked test part, if the data has one and the trainable can be
    measured: once. `test`: True to open the test part again, though it was (the count is kept and reported); False to
    leave it locked.
    `folds`: in place of seeds, each config is trained on so many folds of the data, the same for each, and each fold under
    a fresh seed. Where the search itself had folds or seeds as steps, a trial here is one training; but with seeds after
    folds it is a whole cross-validation.
    `trust`: as of `search.api.resume`. What is None comes from the sweep file's `confirm`, else from its defaults. Returns the confirmation, a run of its
    own; the report of the searched run is written anew and tells of it.

    Raises RunNotFoundError, JournalError, LockedError; SettingsError: no trial to confirm, another plan was begun, or the
    run was imported. TrustError: it is not this user's alone.
    """
    searched = Run.open(reference, storage)
    assert searched.paths is not None
    if not trust:
        require_own(searched.paths)
    if searched.history.problem.secondary:
        raise SettingsError(
            f"{searched.name} has several objectives, and of its front no config is best; choose a trade-off (tuneyard show "
            f"{searched.name}), name one objective as metric: and bound the others below outcome_constraints:, and "
            "confirm that run"
        )
    about = searched.history.about
    settings = recorded_settings(about, searched.name, trainable)
    if workers is not None:
        settings = replace(settings, file=settings.file.model_copy(update={"workers": workers}))
    section = settings.file.confirm or ConfirmSection()
    if folds is None and seeds is None:
        folds = section.folds
    asked = folds or seeds or section.seeds
    plan = _plan(
        searched, settings, top or section.top, section.baseline if baseline is None else baseline, folds
    )
    plan["racing"] = section.racing if racing is None else racing
    if folds is not None:
        _check_folds(settings, plan["racing"])
        plan["folds"] = folds
    settings = replace(settings, single=_is_single(settings, folds))
    name = runner or about.get("runner", "ray")
    driver = runner_for(name, address, replace(settings, file=_unscheduled(settings)))
    paths = searched.paths.confirmation
    with kept(searched.paths, None if stop is None else stop.request):
        records = _begun(paths, plan, afresh, searched.name)
        if records is None and paths.root.exists():
            paths.root.rename(_aside(paths.root))
            forget(home_of(paths))
        with unwritable_by_others():
            paths.root.mkdir(exist_ok=True)
        candidates = [Candidate(**each) for each in plan["candidates"]]
        if records is None:
            problem = _problem(searched.history, candidates, asked, folds, single=settings.single)
        else:
            problem = _extended(History.from_records(records).problem, len(candidates), asked, plan["racing"])
        configs, turns = [each.config for each in candidates], seeds_of(problem, len(candidates))
        searcher = Replicates(problem, configs, turns, racing=plan["racing"], folds=folds)
        told = {"runner": name, **provenance(settings.base), "path": str(paths.root)}
        with driving(paths) as journal:
            scheduler, shown = make_scheduler("none", problem), [*views_of(paths, settings), *observers]
            if records is None:
                header = {"settings": settings.to_dict(), "confirm": plan, **told}
                sweep = PassiveSweep.begin(
                    problem, searcher, scheduler, journal, about=header, observers=shown
                )
            else:
                sweep = PassiveSweep.resume(
                    records, searcher, scheduler, journal, about=told, observers=shown
                )
                if problem.budget != sweep.problem.budget:
                    sweep.extend(problem.budget, sweep.elapsed)
            drive(driver, sweep, settings, paths, stop)
            if sweep.history.finished and test is not False:
                _test(searched, sweep, settings, candidates, again=bool(test))
        write_report(searched)
        return Run(History.from_records(read_journal(paths.journal)), paths)


def expected_trials(settings: ResolvedSettings) -> tuple[int, int] | None:
    """(trials, steps of each) of the confirmation that a sweep file asks for, at most; None where it asks for none.

    A baseline that turns out to be one of the best configs is trained once, and racing may leave trials out.
    """
    section = settings.file.confirm
    if section is None:
        return None
    configs = section.top + (_baseline(settings, section.baseline) is not None)
    steps = 1 if _is_single(settings, section.folds) else settings.problem().max_steps
    return configs * (section.folds or section.seeds), steps


def _test(
    searched: Run,
    sweep: PassiveSweep,
    settings: ResolvedSettings,
    candidates: Sequence[Candidate],
    *,
    again: bool,
) -> None:
    """Open the test part for the candidate with the best mean, unless it was opened before or there is none."""
    assert searched.paths is not None
    if not has_test_part(settings) or (openings(searched.paths) and not again):
        return
    seeds = seeds_of(sweep.problem, len(candidates))
    places = places_of(sweep.history, [each.config for each in candidates], seeds)
    winner = best_of(table_of(sweep.history, places, len(candidates), seeds))
    if winner is None:
        return
    trials = zip(places, sweep.history.trials, strict=True)
    numbers = [
        trial.number for (_, place), trial in trials if place == winner and trial.outcome is Outcome.COMPLETED
    ]
    test_winner(searched.paths, sweep, settings, candidates[winner].label, numbers)


def _plan(
    searched: Run,
    settings: ResolvedSettings,
    top: int,
    baseline: Mapping[str, Any] | None,
    folds: int | None,
) -> dict[str, Any]:
    """What is to be trained; JSON, and kept in the header of the confirmation's journal."""
    candidates = candidates_of(searched.history, top, _baseline(settings, baseline))
    if folds is not None:
        found: dict[str, Candidate] = {}
        for each in candidates:  # configs that differ in their fold alone are one
            config = without_fold(each.config)
            found.setdefault(canonical(config), replace(each, config=config))
        candidates = list(found.values())
    if not any(each.promised is not None for each in candidates):
        raise SettingsError(
            f"{searched.name} has no sound trial with a value yet, so there is nothing to confirm; "
            f"look at it: tuneyard show {searched.name}"
        )
    return {"of": searched.name, "candidates": [each.to_json() for each in candidates]}


def _baseline(settings: ResolvedSettings, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The config to compare with: the given one, else the defaults that the trainable declares; None where it does not.

    A baseline has the constants of the sweep file, and what is searched and not given at its declared default.

    Raises SettingsError: one is given that leaves out what has no default.
    """
    data = settings.file.data
    declared = settings.plug.declaration(None if data is None else _fixed(data)).defaults
    if given is not None:
        return _completed(settings, given, declared)
    searched = [each.name for each in settings.space.searched]
    if not declared or any(name not in declared for name in searched if not name.startswith("data.")):
        return None
    config = {each.name: each.domain.value for each in _constants(settings)}
    config |= {name: declared[name] for name in dict.fromkeys(searched) if name in declared}
    active = {each.name for each in settings.space.active(config)}
    return {name: value for name, value in config.items() if name in active}


def _completed(
    settings: ResolvedSettings, given: Mapping[str, Any], declared: Mapping[str, Any]
) -> dict[str, Any]:
    from spaces import flatten

    config = {each.name: each.domain.value for each in _constants(settings)} | flatten(dict(given))
    active = [each.name for each in settings.space.active(config)]
    config |= {name: declared[name] for name in active if name not in config and name in declared}
    missing = [each.name for each in settings.space.active(config) if each.name not in config]
    if missing:
        raise SettingsError(
            f"confirm.baseline: leaves out {', '.join(missing)}, for which {settings.plug.ref} declares no default; "
            "write a value for each"
        )
    return config


def _constants(settings: ResolvedSettings) -> list[Any]:
    from spaces import Constant

    return [each for each in settings.space.parameters if isinstance(each.domain, Constant) and not each.when]


def _fixed(data: Mapping[str, Any]) -> dict[str, Any]:
    from search.settings.data_section import constants

    return constants(data)


def _is_single(settings: ResolvedSettings, folds: int | None) -> bool:
    """Whether a trial is one training, though the search had several as its steps."""
    section = settings.file.repeats
    return section is not None and (section.over == "seeds" or folds is not None)


def _check_folds(settings: ResolvedSettings, racing: bool) -> None:
    if settings.file.data is None:
        raise SettingsError(
            "folds are folds of the `data:` section, and this sweep has none; confirm over seeds: --seeds 5"
        )
    if racing:
        raise SettingsError(
            "racing holds its error rate over independent seeds, and folds share training rows; leave one of them out"
        )


def _problem(
    history: History, candidates: Sequence[Candidate], seeds: int, folds: int | None, *, single: bool
) -> Problem:
    problem = history.problem
    return Problem(
        space=space_of(candidates, folds),
        objective=replace(problem.objective, target=None),  # reaching it again ends nothing
        max_steps=1 if single else problem.max_steps,
        repeats=None if single else problem.repeats,
        outcome_constraints=problem.outcome_constraints,
        budget=Budget(trials=len(candidates) * seeds),
        failure=replace(problem.failure, stop_after=None),
        seed=problem.seed,
    )


def _extended(problem: Problem, candidates: int, seeds: int, racing: bool) -> Problem:
    """The problem of a confirmation that was begun, with room for more seeds.

    Raises SettingsError: it races, and the error rate that racing promises is for the seeds that were announced.
    """
    before = seeds_of(problem, candidates)
    if seeds <= before:
        return problem
    if racing:
        raise SettingsError(
            f"this confirmation races over {before} seeds, and its error rate holds for those; "
            "begin another with more: --afresh"
        )
    return replace(problem, budget=Budget(trials=candidates * seeds))


def _unscheduled(settings: ResolvedSettings) -> Any:
    """The settings without early stopping: a confirmation runs under any runner that the trainable runs under."""
    section = settings.file.early_terminate
    assert section is not None
    return settings.file.model_copy(update={"early_terminate": type(section)(type="none")})


def _begun(paths: RunPaths, plan: Mapping[str, Any], afresh: bool, name: str) -> Sequence[Record] | None:
    """The records of a confirmation that was begun with this plan; None where there is none to go on with."""
    if afresh or not paths.journal.is_file():
        return None
    try:
        records = read_journal(paths.journal)
    except JournalError:
        if b"\n" in paths.journal.read_bytes():
            raise
        return None  # killed before the header was whole
    begun = records[0]["about"]["confirm"]
    if begun != plan:
        told = ", ".join(key for key in {**begun, **plan} if begun.get(key) != plan.get(key))
        raise SettingsError(
            f"{name} has a confirmation with other {told}; see it: tuneyard show {paths.root}, or put it aside and "
            f"begin another: tuneyard confirm {name} --afresh"
        )
    return records


def _aside(root: Path) -> Path:
    """A free name beside it for an earlier confirmation."""
    number = 1
    while (kept := root.with_name(f"{root.name}-{number}")).exists():
        number += 1
    return kept
