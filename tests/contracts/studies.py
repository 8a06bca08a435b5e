"""Studies made by Optuna itself, and their files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["saved", "study_of"]


def study_of(objective: Callable[[Any], Any], trials: int = 20, name: str = "study", **options: Any) -> Any:
    """A study in memory (or in `storage`), drawn at random with seed 1; a ValueError fails its trial."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    options.setdefault("sampler", optuna.samplers.RandomSampler(seed=1))
    study = optuna.create_study(study_name=name, **options)
    study.optimize(objective, n_trials=trials, catch=(ValueError,))
    return study


def saved(study: Any, path: Path) -> Path:
    """The SQLite file, with the study added in one go: a commit to the disk for each value takes long."""
    import optuna

    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    try:
        optuna.copy_study(from_study_name=study.study_name, from_storage=study._storage, to_storage=storage)
    finally:
        storage.remove_session()
        storage.engine.dispose()
    return path
