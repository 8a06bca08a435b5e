"""The mirrors that a sweep file asks for."""

from __future__ import annotations

from pathlib import Path

from search.settings.sweep_file import MirrorsSection
from search.views.mirror import MirrorView, Tracker

__all__ = ["mirrors_of"]


def mirrors_of(section: MirrorsSection, root: Path, storage: Path) -> list[MirrorView]:
    """One view for each mirror. `root`: the run directory. `storage`: where run directories lie."""
    views = []
    if section.mlflow is not None:
        mlflow = section.mlflow

        def track_in_mlflow() -> Tracker:
            from search.views.mlflow import MlflowTracker, tracking_uri

            return MlflowTracker(tracking_uri(mlflow.uri, storage), mlflow.experiment or root.name)

        views.append(MirrorView("MLflow", track_in_mlflow))
    if section.wandb is not None:
        wandb = section.wandb

        def track_in_wandb() -> Tracker:
            from search.views.wandb import WandbTracker

            directory = root if wandb.dir is None else Path(wandb.dir)
            return WandbTracker(wandb.project or root.name, wandb.entity, wandb.mode, directory)

        views.append(MirrorView("Weights & Biases", track_in_wandb))
    return views
