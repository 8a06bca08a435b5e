"""How a trained trial is found in a run and restored."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from deploy.errors import DeployError
from deploy.trained import Trained
from search.analysis.confirmation import confirmation
from search.confirmation.candidates import Candidate
from search.confirmation.replicates import places_of, seeds_of
from search.driving import recorded_settings
from search.errors import JournalError, SettingsError
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths
from search.run import Run
from search.settings import ResolvedSettings
from search.storage import home_of, resume_point
from search.trial import Outcome, Trial
from search.trust import require_own
from spaces import Constant, nest
from trainables.data.dataset import Dataset, View
from trainables.data.prepare import Prepared, prepare
from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources import read_records
from trainables.data.sources.reading import READ_BY
from trainables.data.store import reading_with
from trainables.host import Host
from trainables.plug import Plug

__all__ = ["opened"]


def opened(run: Run, reference: str | int | None, *, trust: bool) -> Trained:
    """See `Trained.open`."""
    if run.paths is None:
        raise DeployError(
            f"{run.name} is a simulation and trained nothing; open a run of the inline or the ray runner"
        )
    if not trust:
        require_own(run.paths)
    try:
        settings = recorded_settings(run.history.about, run.name, None)
    except SettingsError as error:
        raise DeployError(str(error)) from error
    winner = _confirmed(run, run.paths) if reference is None else None
    if winner is not None:
        paths, trials, settings = winner[0], winner[1], replace(settings, single=winner[2])
    else:
        paths, trials = run.paths, [_chosen(run, reference)]
    _check(settings.plug)
    trial, checkpoint, step = _restorable(run, paths, trials)
    host = Host(settings.plug)
    captured: dict[str, Any] = {}

    def read(section: Section, view: View) -> Dataset:
        """Prepare as `load` does, and keep what prepared."""
        records = read_records(section)
        captured["prepared"] = prepare(records, section, view)
        captured["section"], captured["records"] = section, records
        dataset: Dataset = captured["prepared"].dataset
        return dataset

    config = nest(trial.config)
    with reading_with(read):
        host.start(config, seed=trial.seed, checkpoint=checkpoint, from_step=step)
        trainable = host.trainable
        if not callable(getattr(trainable, "predict", None)) or not captured:
            raise DeployError(
                f"{settings.plug.ref} has no predict(x) on data of a `data:` section, so nobody can ask its model; write "
                "it as a subclass of trainables.classical.Pipelined or as a torch.nn.Module, which have it"
            )
    _check_data(run, captured["records"])
    prepared: Prepared = captured["prepared"]
    return Trained(
        run=run,
        trial=trial,
        step=step,
        config=config,
        ref=settings.plug.ref,
        confirmed=winner is not None,
        note=_note(trial, step, winner is not None, settings),
        trainable=trainable,
        section=captured["section"],
        records=captured["records"],
        preparation=prepared.preparation,
        target=prepared.target,
        data=_translated(prepared.dataset, trainable),
    )


def _check_data(run: Run, records: Records) -> None:
    """That the source holds what it held when the run began: of other rows another preparation would be fitted, by which the
    model would read all of its inputs wrongly, and validation rows would be among those that it was trained on."""
    assert run.paths is not None
    parameters = run.history.problem.space.parameters
    searched = {each.name for each in parameters if not isinstance(each.domain, Constant)}
    if any(f"data.{option}" in searched for option in READ_BY):
        return  # what is read differs from trial to trial, and the card is of the first
    card = run.paths.own_file(run.paths.data)
    try:
        said = json.loads(card.read_text(encoding="utf-8")) if card is not None else {}
    except (OSError, ValueError, RecursionError):
        return
    before = said.get("hash") if isinstance(said, dict) else None
    if before is not None and before != records.fingerprint:
        raise DeployError(
            f"{records.name}: holds other rows than when {run.name} began (its SHA-256 is another one), so its models cannot be "
            f"asked any more. Put the old rows back there; new ones belong into a file of their own (tuneyard update)"
        )


def _check(plug: Plug) -> None:
    asked = plug.inner or plug
    if asked.native:
        raise DeployError(
            f"{asked.ref} is a native Ray Tune trainable: its checkpoints are its own, and only it can read them; export "
            "from its own code, or write it as a class with setup, step, save, load and predict"
        )
    if not asked.can_checkpoint:
        raise DeployError(
            f"{asked.ref} is a generator function, or has no save and load: there is no model left of its trials; write "
            "it as a class with setup, step, save, load and predict, a torch.nn.Module or a Pipelined"
        )
    if not callable(getattr(asked.target, "predict", None)):
        raise DeployError(
            f"{asked.ref} has no predict(x): vae and gan make new examples and predict nothing; a class of your own gets "
            "one by adding predict(x) -> probabilities or values"
        )


def _chosen(run: Run, reference: str | int | None) -> Trial:
    if reference is not None:
        return run.trial(reference)
    best = run.best
    if best is None:
        raise DeployError(f"{run.name} has no trial with a value yet; look at it: tuneyard show {run.name}")
    return run.trial(best.trial)


def _confirmed(run: Run, searched: RunPaths) -> tuple[RunPaths, list[Trial], bool] | None:
    """Where the trials of the confirmed winner are, those that are complete, and whether each is one training."""
    paths = searched.confirmation
    if not paths.journal.is_file():
        return None
    try:
        history = History.from_records(read_journal(paths.journal))
    except JournalError:  # killed before its header was whole
        return None
    found = confirmation(history)
    plan = history.about["confirm"]
    candidates = [Candidate(**each) for each in plan["candidates"]]
    if not found["complete"] or found["configs"][0]["mean"] is None:
        return None
    labels = [each.label for each in candidates]
    winner = labels.index(found["configs"][0]["label"])
    seeds = seeds_of(history.problem, len(candidates))
    places = places_of(history, [each.config for each in candidates], seeds)
    trials = [
        trial
        for (_, place), trial in zip(places, history.trials, strict=False)
        if place == winner and trial.outcome is Outcome.COMPLETED
    ]
    single = history.problem.max_steps == 1 and run.history.problem.repeats is not None
    return paths, trials, single and history.problem.repeats is None


def _restorable(run: Run, paths: RunPaths, trials: list[Trial]) -> tuple[Trial, Any, int]:
    home = home_of(paths)
    for trial in trials:
        found = resume_point(paths, trial.number, trial.steps, home=home)
        if found is not None:
            return trial, *found
    named = ", ".join(trial.id for trial in trials[:5]) or "its winner"
    raise DeployError(
        f"{run.name}: no sound checkpoint is left of {named}; a run deletes those that it no longer needs. Name another trial "
        f"(--trial), or train the best configs again: tuneyard confirm {run.name} --afresh"
    )


def _note(trial: Trial, step: int, confirmed: bool, settings: ResolvedSettings) -> str:
    unit = settings.step_unit
    unit = unit if unit.isalpha() else "step"  # "5 rounds" counts itself
    said = f"The weights are those after {unit} {step} of {trial.id}"
    here = next((each.score for each in trial.results if each.step == step), None)
    if trial.best is not None and trial.best.score != here:
        said += f"; its best value was after {unit} {trial.best.step}, whose weights were not kept"
    elif trial.best is not None:
        said += ", its best"
    if confirmed:
        said += "; it was trained by the confirmation, under the first of its config's fresh seeds that has a checkpoint"
    if settings.plug.inner is not None:
        said += "; of several trainings as steps it is the last one"
    return said + "."


def _translated(data: Dataset, trainable: Any) -> Dataset:
    """The rows as the trainable's `predict` takes them: those of word pieces are not what `data` prepares."""
    translation = getattr(trainable, "translation", None)
    if translation is None:
        return data
    train, valid = (np.asarray(translation(x)) for x in (data.train_x, data.valid_x))
    return replace(data, view="tokens", train_x=train, valid_x=valid)
