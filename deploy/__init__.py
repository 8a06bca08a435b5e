"""A winner's life: what becomes of a trained trial that was trusted.

- `trained`: `Trained`, a trial opened again; `schema`: what it takes and gives; `errors`
- `export/`: writes a model folder; `model`: `Model`, such a folder loaded; `reference`: what training data looked like
- `prediction`: a file of rows through a model, in chunks
- `validation/`: what speaks against shipping it; `ensembles/`: several trials as one model
- `serving/`: a model over HTTP; `monitoring/`: what was asked of it, and whether that has changed
- `updating/`: its next version, on new rows; `registry`: versions, stages, rollback; `ab/`: two models compared

Importing this package imports none of them: a name is looked up when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deploy.errors import DeployError, ModelError
    from deploy.export import export
    from deploy.model import Model, Prediction
    from deploy.reference import Reference
    from deploy.schema import Schema
    from deploy.trained import Trained

__all__ = ["DeployError", "Model", "ModelError", "Prediction", "Reference", "Schema", "Trained", "export"]

_HOMES = {
    "deploy.errors": ("DeployError", "ModelError"),
    "deploy.export.writing": ("export",),
    "deploy.model": ("Model", "Prediction"),
    "deploy.reference": ("Reference",),
    "deploy.schema": ("Schema",),
    "deploy.trained": ("Trained",),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
