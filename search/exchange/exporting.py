"""From a run to another tool's file: which writer, and where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from search.errors import SettingsError
from search.exchange.to_deepcave import to_deepcave
from search.exchange.to_optuna import to_optuna
from search.run import Run
from spaces.errors import nearest

__all__ = ["TARGETS", "Target", "export_run"]

Target = Literal["optuna", "deepcave"]
TARGETS: tuple[Target, ...] = get_args(Target)


def export_run(run: Run, to: Target, path: str | Path | None = None, *, force: bool = False) -> Path:
    """Write a run for another tool; returns where it lies.

    Args:
        to: `optuna`: a study in a SQLite storage; `deepcave`: a folder.
        path: `NAME.db` or `NAME-deepcave` in the current directory where None. A storage that is there is added to.
        force: replace a study of the run's name, or a DeepCAVE folder.

    Raises:
        SettingsError: it is there already; the tool cannot express the space (the parameters are named).
    """
    if to not in TARGETS:
        raise SettingsError(f"--to {to}: unknown{nearest(to, TARGETS)}")
    where = (
        Path(path)
        if path is not None
        else Path(f"{run.name}.db" if to == "optuna" else f"{run.name}-deepcave")
    )
    if to == "optuna":
        to_optuna(run, where, force=force)
    else:
        to_deepcave(run, where, force=force)
    return where
