"""From a foreign search to a run: which reader fits, and the run that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from search.errors import SettingsError
from search.exchange.foreign import Foreign
from search.exchange.from_optuna import read_optuna
from search.exchange.from_ray_tune import is_ray_tune, read_ray_tune
from search.exchange.from_wandb import is_wandb, read_wandb
from search.exchange.optuna_storage import is_optuna
from search.exchange.writing import write_run
from search.problem import Goal
from search.run import Run
from search.storage import claim, is_remote, kept
from spaces.errors import nearest

__all__ = ["SOURCES", "Source", "import_run"]

Source = Literal["ray", "optuna", "wandb"]
SOURCES: tuple[Source, ...] = get_args(Source)


def import_run(
    source: str | Path,
    *,
    kind: Source | None = None,
    name: str | None = None,
    storage: str | Path = "runs",
    metric: str | None = None,
    goal: Goal | None = None,
    study: str | None = None,
    parameters: Sequence[str] | None = None,
) -> Run:
    """Make a run of what another tool recorded. The source is only read, and no pickle of it is opened.

    Args:
        source: a Ray Tune experiment directory, an Optuna storage (file or URL), or a CSV of W&B's runs table.
        kind: which of these; by its looks where None.
        name: of the run; its own name where None.
        metric, goal: what was searched for, where the source does not say.
        study: which study of an Optuna storage, where it holds several.
        parameters: the columns of a W&B table that were configured.

    Raises:
        SettingsError: it cannot be read, or says too little; RunExistsError: there is such a run. Nothing is left behind.
    """
    foreign = _read(str(source), kind or _kind(str(source)), metric, goal, study, parameters)
    paths = write_run(foreign, claim(str(storage)) if is_remote(storage) else Path(storage), name)
    with kept(paths):  # in its store, if that is where runs lie
        return Run.open(paths.root)


def _kind(source: str) -> Source:
    path = Path(source)
    if is_wandb(path):
        return "wandb"
    if is_optuna(source):
        return "optuna"
    if is_ray_tune(path):
        return "ray"
    if path.is_file() or path.is_dir():
        raise SettingsError(
            f"{source}: is no Ray Tune experiment directory, no Optuna storage and no CSV. "
            f"If it is one, say which: --from {'|'.join(SOURCES)}"
        )
    raise SettingsError(f"{source}: no such file or directory")


def _read(
    source: str,
    kind: str,
    metric: str | None,
    goal: Goal | None,
    study: str | None,
    parameters: Sequence[str] | None,
) -> Foreign:
    if kind not in SOURCES:
        raise SettingsError(f"--from {kind}: unknown{nearest(kind, SOURCES)}")
    if study is not None and kind != "optuna":
        raise SettingsError(f"--study is for an Optuna storage; {source} is read as {kind}")
    if parameters is not None and kind != "wandb":
        raise SettingsError(f"--parameters is for a table of W&B; {source} is read as {kind}")
    if kind == "ray":
        return read_ray_tune(Path(source), metric, goal)
    if kind == "optuna":
        return read_optuna(source, study, metric, goal)
    return read_wandb(Path(source), metric, goal, parameters)
