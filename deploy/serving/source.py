"""Where a served model comes from: a model folder, or whichever version a registry has in production."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.errors import DeployError

if TYPE_CHECKING:
    from deploy.model import Model

__all__ = ["Loaded", "ModelSource"]


@dataclass(frozen=True)
class Loaded:
    """A model that is ready to answer. `version`: what answers and logs call it: `v3-1a2b3c4d`, or its hash alone."""

    model: Model
    version: str
    folder: Path


class ModelSource:
    """A folder that a model is loaded from, and loaded again when it changes.

    Args:
        path: a model folder, or a registry's.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def state(self) -> tuple[int, ...]:
        """Changes whenever there may be another model to load; costs one look at a file."""
        from deploy.registry import Registry

        file = "registry.json" if Registry.holds(self.path) else "manifest.json"
        try:
            status = os.stat(self.path / file)
        except FileNotFoundError:
            return ()
        return status.st_mtime_ns, status.st_ino, status.st_size

    def folder(self) -> Path:
        """The model folder of now.

        Raises:
            DeployError: there is none, or the registry has nothing in production.
        """
        from deploy.registry import Registry

        if Registry.holds(self.path):
            return Registry.open(self.path).production
        if not self.path.is_dir():
            raise DeployError(
                f"{self.path} is no model folder and no registry. Write a model: tuneyard export RUN -o {self.path}"
            )
        return self.path

    def load(self) -> Loaded:
        """The model of now, its hashes verified.

        Raises:
            DeployError: there is none, or a file of it is not what it was when it was written.
        """
        from deploy.model import Model

        folder = self.folder()
        model = Model.load(folder)
        return Loaded(
            model, model.version if folder == self.path else f"{folder.name}-{model.version}", folder
        )

    def check(self, fields: Sequence[str] = ()) -> None:
        """Load the model once, to say what is wrong with it before a server is started.

        Args:
            fields: names that have to be fields of its records, or what is kept of a text, a picture or a series.

        Raises:
            DeployError: as `load`, or a name is none.
        """
        from trainables.errors import nearest

        model = self.load().model
        names = [column.name for column in model.schema.columns] or [
            *(each.name for each in model.reference.columns),
            *(["text"] if model.schema.modality == "text" else []),
        ]
        for name in fields:
            if name not in names:
                raise DeployError(
                    f"--log-without {name}: the model has no such field; {nearest(name, names)}"
                )
