"""How the new model comes about: the winner's config again, its weights further, or a small sweep around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from deploy.errors import DeployError
from deploy.trained import Trained
from deploy.updating.rows import Rows
from search.api import Sweep
from search.driving import recorded_settings
from search.run import Run
from spaces import Constant, flatten, nest

__all__ = ["MODES", "Mode", "train"]

Mode = Literal["retrain", "continue", "sweep"]
MODES: tuple[Mode, ...] = ("retrain", "continue", "sweep")

_SHARE = 3
"""Weights that go on are trained for a third of the steps that they had."""


def train(
    trained: Trained, rows: Rows, mode: Mode, *, name: str, storage: str, trials: int, seed: int, runner: str
) -> Run:
    """Train the new model as a run of its own, with a journal, checkpoints and a report like any other.

    Args:
        trained: the old winner.
        trials: of a sweep.
        runner: "inline" or "ray".

    Raises:
        DeployError: the mode does not fit the model, or no trial came to an end. SettingsError, RunExistsError: as of `Sweep`.
    """
    keys = {"retrain": _retrain, "continue": _continue, "sweep": _around}[mode](trained, rows, trials)
    objective = trained.run.history.problem.objective
    run = Sweep(
        **keys,
        metric=objective.metric,
        goal=objective.goal,
        name=name,
        storage=storage,
        seed=seed,
        runner=runner,
    ).run()
    if run.best is None:
        raise DeployError(
            f"{name} came to no result. See why: tuneyard doctor {run.paths.root if run.paths else name}"
        )
    return run


def _retrain(trained: Trained, rows: Rows, trials: int) -> dict[str, Any]:
    """One trial of the winner's config."""
    return {
        **_common(trained, rows),
        "trainable": trained.ref,
        "parameters": _constants(trained.config),
        "run_cap": 1,
    }


def _continue(trained: Trained, rows: Rows, trials: int) -> dict[str, Any]:
    """One trial that begins with the winner's weights, all of them trained on."""
    if trained.module is None:
        raise DeployError(
            f"{trained.ref} has no weights that training could go on from; --mode retrain fits it again on all rows"
        )
    from trainables.neural.options import TRAINING

    options = {n: v for n, v in flatten(dict(trained.config)).items() if n in TRAINING and v is not None}
    steps = max(1, trained.step // _SHARE)
    options |= {
        "model.weights": str(_checkpoint(trained)),
        "model.new_head": False,
        "freeze": 0.0,
        "backbone_lr": 1.0,
        "dropout": 0.0,
        "schedule_epochs": steps,
    }
    return {
        **_common(trained, rows),
        "trainable": "finetune",
        "parameters": _constants(nest(options)),
        "max_steps": steps,
        "run_cap": 1,
    }


def _around(trained: Trained, rows: Rows, trials: int) -> dict[str, Any]:
    """A few trials over the old space, the first of them the winner."""
    settings = trained.run.history.about["settings"]
    space = trained.run.history.problem.space
    searched = {each.name for each in space.parameters if not isinstance(each.domain, Constant)}
    data = flatten(dict(rows.section))
    for name in searched:
        if name.startswith("data."):
            option = name.removeprefix("data.")
            data[option] = _spelt(settings["data"], option)
    return {
        **_common(trained, rows),
        "data": nest(data),
        "trainable": trained.ref,
        **{name: settings[name] for name in ("parameters", "constraints", "early_terminate")},
        "method": "tpe",
        "points": [{name: value for name, value in trained.trial.config.items() if name in searched}],
        "run_cap": trials,
    }


def _spelt(section: Any, name: str) -> Any:
    """How a sweep file's data section spells an option that is searched, nested or by its dotted name."""
    if name in section:
        return section[name]
    head, _, rest = name.partition(".")
    return _spelt(section[head], rest)


def _common(trained: Trained, rows: Rows) -> dict[str, Any]:
    assert trained.run.paths is not None
    settings = recorded_settings(trained.run.history.about, trained.run.name, None)
    problem = trained.run.history.problem
    steps = None if problem.repeats is not None else problem.max_steps
    return {
        "data": dict(rows.section),
        "base": settings.base,
        "workers": 1,
        **({} if steps is None else {"max_steps": steps}),
    }


def _constants(config: Mapping[str, Any]) -> dict[str, Any]:
    """A nested config as parameters of one value each, its data section left out."""
    flat = {name: value for name, value in flatten(dict(config)).items() if name.partition(".")[0] != "data"}
    return dict(nest({name: {"value": value} for name, value in flat.items()}))


def _checkpoint(trained: Trained) -> Any:
    from search.storage import home_of, resume_point

    assert trained.run.paths is not None
    paths = trained.run.paths.confirmation if trained.confirmed else trained.run.paths
    found = resume_point(paths, trained.trial.number, trained.step, home=home_of(paths))
    if found is None:
        raise DeployError(f"{trained.name}: its checkpoint is gone; --mode retrain needs none")
    return found[0]
