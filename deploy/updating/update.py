"""`update`: from a model in production and new rows to its next version, or to the reason why there is none."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.ensembles.members import scored_by
from deploy.errors import DeployError
from deploy.export import export
from deploy.export.card import config_of
from deploy.model import Model
from deploy.registry import Registry, RegistryError
from deploy.trained import Trained
from deploy.updating.judging import Judgement, judge
from deploy.updating.rows import ENDINGS, Source, update_rows
from deploy.updating.training import MODES, Mode, train
from search.paths import check_name
from search.run import Run
from trainables.errors import nearest

__all__ = ["Updated", "update"]


@dataclass(frozen=True)
class Updated:
    """What came of an update.

    Attributes:
        registry: the folder. version: of the new model in it. before: of the old one.
        promoted: whether it is in production now.
        mode, source: how it was made.
        run: the run that trained it. trial: which of its trials.
        trained_old, trained_new: rows of the old and the new data that it was trained on.
        judgement: the comparison.
    """

    registry: Path
    version: str
    before: str
    promoted: bool
    mode: Mode
    source: Source
    run: str
    trial: str
    trained_old: int
    trained_new: int
    judgement: Judgement

    def to_json(self) -> dict[str, Any]:
        """Every fact, JSON throughout."""
        return {
            "registry": str(self.registry),
            "version": self.version,
            "before": self.before,
            "promoted": self.promoted,
            "reason": self.judgement.reason,
            "mode": self.mode,
            "source": self.source,
            "run": self.run,
            "trial": self.trial,
            "rows": {"old": self.trained_old, "new": self.trained_new},
            "on_new": self.judgement.new_rows.to_json(),
            "on_old": self.judgement.old_rows.to_json(),
        }


def update(
    model: str | Path,
    data: str | Path,
    *,
    registry: str | Path | None = None,
    run: str | Path | None = None,
    mode: Mode = "retrain",
    source: Source = "both",
    trials: int = 10,
    seed: int = 0,
    storage: str | Path = "runs",
    runner: str = "inline",
    trust: bool = False,
    told: Callable[[str], None] = lambda sentence: None,
) -> Updated:
    """Train the next version of a model, compare it with the one in production, and promote it or say why not.

    Args:
        model: a registry, whose production version is the old model; or a model folder, which becomes the first version of
            `registry` where that is empty.
        data: a file with new rows: the columns of the old ones, the target included.
        registry: where versions are kept; needed where `model` is a model folder.
        run: the run that the old model was exported from; None = the run of that name in `storage`.
        mode: retrain: the winner's config again; continue: its weights further (networks); sweep: `trials` trials of the old
            space, beginning with the winner.
        source: rows to train on: "both", or the "new" ones alone, which then alone decide, too.
        seed: of what is set aside, and of the training.
        trust: as of `Trained.open`.
        told: called with what is being done.

    Raises:
        DeployError: a folder is neither, no run, or the data do not fit. DataError, ModelError, SettingsError: as of the parts.
    """
    if mode not in MODES:
        raise DeployError(f"there is no mode {mode!r}; {nearest(str(mode), MODES)}")
    if "://" in str(storage):
        raise DeployError(
            f"--storage {storage}: an update is trained in a folder of this machine; name one: --storage runs"
        )
    versions = _registry(Path(model), registry)
    current = versions.current
    assert current is not None
    old = Model.load(versions.production)
    # whose folder says where its run lies could have any code executed: it says a name, of which there is one place
    earlier = Run.open(
        run if run is not None else str(Path(storage) / check_name(str(old.card["run"]))), storage
    )
    told(f"{versions.name} {current.name} is in production; it comes from {earlier.name} {old.card['trial']}")
    trained = Trained.open(earlier, _reference(old), trust=trust)
    _check_same(old, trained)
    name = _name(versions, Path(storage))
    rows = update_rows(trained, str(data), Path(storage) / name, source, seed)
    if rows.known:
        told(f"{rows.known} rows of {data} are in the old data already, and are left out")
    told(
        f"{mode}: {rows.trained_old} old and {rows.trained_new} new rows to train on, {len(rows.new)} new and "
        f"{len(rows.old)} old ones to compare on"
    )
    made = train(
        trained, rows, mode, name=name, storage=str(storage), trials=trials, seed=seed, runner=runner
    )
    winner = Trained.open(made, trust=True)  # this process has just written it
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / versions.name
        export(winner, written, formats=_formats(old), name=old.name)
        objective = earlier.history.problem.objective
        metric = scored_by(trained.task, objective.metric)
        goal = objective.goal if objective.metric.rpartition("/")[2] in (metric, "loss") else "minimize"
        judgement = judge(
            old, Model.load(written), rows.new, rows.old, metric, goal, seed, new_alone=source == "new"
        )
        note = f"{mode} on {rows.trained_old} old and {rows.trained_new} new rows; {judgement.reason}"
        version = versions.add(written, note=note)
    if judgement.promote:
        try:
            versions.promote(version.name, reason=judgement.reason, over=current.name)
        except RegistryError as error:  # another update was faster
            judgement = replace(judgement, promote=False, reason=str(error))
    return Updated(
        versions.folder,
        version.name,
        current.name,
        judgement.promote,
        mode,
        source,
        made.name,
        winner.trial.id,
        rows.trained_old,
        rows.trained_new,
        judgement,
    )


def _registry(model: Path, registry: str | Path | None) -> Registry:
    """The registry with a version in production: the old model."""
    if Registry.holds(model):
        if registry is not None and Path(registry).resolve() != model.resolve():
            raise DeployError(f"{model} is a registry itself; leave out --registry {registry}")
        found = Registry.open(model)
        _ = found.production
        return found
    if not (model / "model.json").is_file():
        raise DeployError(
            f"{model} is neither a model folder nor a registry. Write a model: tuneyard export RUN -o {model}"
        )
    if registry is None:
        raise DeployError(
            f"{model} is a model folder; say where its versions are to be kept: --registry registry/{model.absolute().name}"
        )
    found = Registry.create(registry)
    if found.current is None:
        if found.versions:
            _ = found.production  # says to promote one
        found.promote(
            found.add(model, note="the model that was updated first").name, reason="the first version"
        )
    elif Model.load(found.production).version != Model.load(model).version:
        raise DeployError(
            f"{registry} has another model in production than {model}. Update that one: tuneyard update {registry} "
            "--data FILE"
        )
    return found


def _check_same(old: Model, trained: Trained) -> None:
    """The trial is the one that was exported, and its validation rows are those of the export."""
    card = old.card
    config = json.loads(json.dumps(config_of(trained), default=str))
    if (card["trial"], card["config"]) != (trained.trial.id, config):
        raise DeployError(
            f"{trained.name} is not what {old.name} was exported from: {card['run']} was confirmed again since, or is another "
            f"run of that name. Name the right one (--run), or begin anew: tuneyard export {trained.run.name} -o DIR"
        )
    # rows that were added to the source, say, would be cut into other parts than the model was trained on
    if card["data"]["fingerprint"] != trained.records.fingerprint:
        raise DeployError(
            f"{trained.records.name}: holds other rows than when the model in production was exported, so nobody knows any "
            "more which of them it was trained on. Put the old rows back there, and the new ones into a file of their own"
        )


def _reference(old: Model) -> str | None:
    """Which trial the old model is; None = the confirmed winner."""
    return None if old.card["confirmed"] else str(old.card["trial"])


def _formats(old: Model) -> tuple[str, ...]:
    return tuple(old.formats)


def _name(versions: Registry, storage: Path) -> str:
    """A run's name that is not taken, and under which no rows to train on lie."""
    number = len(versions.versions) + 1
    while True:
        name = f"{versions.name[:50]}-v{number}"
        if not any((storage / f"{name}{ending}").exists() for ending in ("", *ENDINGS)):
            return check_name(name)
        number += 1
