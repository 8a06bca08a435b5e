"""Runs from and for other tools.

Contents:
    importing        import_run: a run made of what Ray Tune, Optuna or W&B recorded
    exporting        export_run: a run as a study of Optuna, or for DeepCAVE
    from_ray_tune    an experiment directory, read without Ray and without a pickle
    from_optuna      a study of a storage (optuna_storage: where it lies; optuna_notes: what an export kept in it)
    from_wandb       the runs table as CSV
    to_optuna        a study that optuna-dashboard opens, and that comes back equal
    to_deepcave      the folder that DeepCAVE loads
    foreign          Foreign, ForeignTrial: what any of these comes down to
    inferred, names  a space for configs whose space nobody recorded
    writing          write_run: a foreign search as a run directory
"""

from search.exchange.exporting import TARGETS, export_run
from search.exchange.importing import SOURCES, import_run

__all__ = ["SOURCES", "TARGETS", "export_run", "import_run"]
