"""The `mirrors` section: what can be known of a mirror before anything is spent, and its paths made absolute."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

from search.settings.document import Document
from search.settings.sources import absolute
from search.settings.sweep_file import MirrorsSection, SweepFile

__all__ = ["mirror_problems", "with_mirrors"]

_PACKAGES = {"mlflow": "mlflow-skinny", "wandb": "wandb"}
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_DATABASE = re.compile(r".+\.(db|sqlite3?)")


def mirror_problems(file: SweepFile, document: Document) -> list[str]:
    """A package that is not installed, an environment variable that is not set, a store that MLflow has given up."""
    if file.mirrors is None:
        return []
    problems = [
        document.problem(
            ("mirrors", name),
            f"needs the package {package}, which is not installed; get it: pip install 'tuneyard[{name}]', or leave the "
            "mirror out",
        )
        for name, package in _PACKAGES.items()
        if getattr(file.mirrors, name) is not None and not _installed(name)
    ]
    uri = file.mirrors.mlflow.uri if file.mirrors.mlflow is not None else None
    if uri is None:
        return problems
    place = ("mirrors", "mlflow", "uri")
    for variable in _VARIABLE.findall(uri):
        if variable not in os.environ:
            problems.append(
                document.problem(
                    place, f"the environment variable {variable} is not set; set it, or write the URI"
                )
            )
    folder = uri.startswith("file:") or not (
        "://" in uri or _VARIABLE.search(uri) or _DATABASE.fullmatch(uri)
    )
    if (
        folder
        and not uri.startswith("databricks")
        and os.environ.get("MLFLOW_ALLOW_FILE_STORE", "").lower() != "true"
    ):
        problems.append(
            document.problem(
                place,
                f"{uri!r} is a folder, a store that MLflow has given up; name a database file, uri: ./mlflow.db, or set "
                "MLFLOW_ALLOW_FILE_STORE=true",
            )
        )
    return problems


def with_mirrors(file: SweepFile, name: str, base: Path) -> MirrorsSection | None:
    """The section with its defaults: the experiment and the project are called `name`; files lie below `base`."""
    if file.mirrors is None:
        return None
    mlflow, wandb = file.mirrors.mlflow, file.mirrors.wandb
    if mlflow is not None:
        uri = None if mlflow.uri is None else _absolute_uri(mlflow.uri, base)
        mlflow = mlflow.model_copy(update={"uri": uri, "experiment": mlflow.experiment or name})
    if wandb is not None:
        folder = None if wandb.dir is None else str((base / wandb.dir).resolve())
        wandb = wandb.model_copy(update={"project": wandb.project or name, "dir": folder})
    return MirrorsSection(mlflow=mlflow, wandb=wandb)


def _absolute_uri(uri: str, base: Path) -> str:
    if _VARIABLE.search(uri) or uri.startswith("databricks"):
        return uri
    if _DATABASE.fullmatch(uri) and "://" not in uri:
        return f"sqlite:///{(base / uri).resolve()}"
    if "://" in uri:
        return absolute(uri, base)
    return str((base / uri).resolve()) if not uri.startswith("file:") else uri


def _installed(package: str) -> bool:
    """Whether it can be imported. A folder of that name, which these programs leave everywhere, is not it."""
    found = importlib.util.find_spec(package)
    return found is not None and found.origin is not None
