"""Options and arguments that several commands share, each with one meaning everywhere."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from search.run import Run
    from search.trial import Trial

__all__ = [
    "CLUSTER_VARIABLE",
    "DEFAULT_STORAGE",
    "STORAGE_VARIABLE",
    "StoragePath",
    "as_json",
    "cluster",
    "execution",
    "find_trial",
    "overrides",
    "print_json",
    "reference",
    "storage",
    "sweep_file",
    "trust",
]

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_STORAGE = Path("runs")
STORAGE_VARIABLE = "TUNEYARD_STORAGE"
CLUSTER_VARIABLE = "TUNEYARD_CLUSTER"


class StoragePath(click.Path):
    """A folder as a `Path`; a URL (`s3://bucket/prefix`) stays the text it is."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if isinstance(value, str) and "://" in value else super().convert(value, param, ctx)


def storage(command: F) -> F:
    """`--storage DIR|URL`: where runs lie."""
    return click.option(
        "--storage",
        type=StoragePath(),
        metavar="DIR|URL",
        default=DEFAULT_STORAGE,
        envvar=STORAGE_VARIABLE,
        show_default=True,
        help=f"Where the runs lie: a folder, or s3://BUCKET/PREFIX (or set {STORAGE_VARIABLE}).",
    )(command)


def sweep_file(command: F) -> F:
    """The argument FILE: a sweep file. Whether it exists is said by who reads it, with the nearest names."""
    return click.argument("file", type=click.Path(path_type=Path))(command)


def overrides(command: F) -> F:
    """`--set key=value`, any number of times."""
    return click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Override a key of the sweep file, as in --set max_steps=9 or --set parameters.lr.max=0.1.",
    )(command)


def as_json(command: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def trust(command: F) -> F:
    """`--trust`: execute what the journal of a run names, whoever could have written it."""
    return click.option(
        "--trust",
        is_flag=True,
        help="Go on although others can write to the run directory: code that it names is executed.",
    )(command)


def cluster(command: F) -> F:
    """`--cluster URL`: the job server of a Ray cluster."""
    return click.option(
        "--cluster",
        metavar="URL",
        envvar=CLUSTER_VARIABLE,
        help=f"The job server of a Ray cluster, such as http://HEAD:8265 (or set {CLUSTER_VARIABLE}).",
    )(command)


def execution(command: F) -> F:
    """`-j`, `--address` and `--runner`: where trials are executed."""
    for option in (
        click.option(
            "--runner",
            type=click.Choice(["ray", "inline"]),
            help="ray (default): processes on this machine or a cluster; inline: one after the other, in this process.",
        ),
        click.option(
            "--address",
            metavar="ADDRESS",
            help="An existing Ray cluster: auto, HOST:PORT or ray://HOST:PORT.",
        ),
        click.option(
            "-j",
            "--workers",
            type=click.IntRange(min=1),
            metavar="N",
            help="Trials at the same time; as many as the resources carry where left out.",
        ),
    ):
        command = option(command)
    return command


def print_json(value: Any) -> None:
    """One line of strict JSON on stdout; a number that JSON does not know becomes null."""
    click.echo(json.dumps(_finite(value), allow_nan=False, ensure_ascii=True))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def find_trial(storage: Path | str, reference: str) -> tuple[Run, Trial | None]:
    """The run, and the trial of it if `reference` is RUN/TRIAL (`last/t00012`, `last/12`), else None.

    Raises RunNotFoundError: no such run, or no such trial in it. JournalError: its journal is damaged.
    """
    from search.run import Run
    from search.trial import trial_number

    name, slash, tail = reference.rpartition("/")
    whole = (Path(reference) / "journal.jsonl").is_file() or ("://" in reference and not tail.startswith("t"))
    if slash and name and not whole:
        try:
            number = trial_number(tail)
        except ValueError:
            pass
        else:
            run = Run.open(name, storage)
            return run, run.trial(number)
    return Run.open(reference, storage), None


def reference(run: Run | Path) -> str:
    """How to name a run on a command line that gives no `--storage`: its name where that suffices, else its path or URL.

    Args:
        run: the run, or its directory.
    """
    from search.paths import RunPaths
    from search.storage import home_of
    from tuneyard.terminal import quoted

    if isinstance(run, Path):
        root = run
    else:
        root = run.paths.root if run.paths is not None else Path(run.name)
    usual = os.environ.get(STORAGE_VARIABLE) or DEFAULT_STORAGE
    store = home_of(RunPaths(root))
    if store is not None:
        return quoted(store.run if str(usual).rstrip("/") == store.url else store.prefix)
    home = Path(usual)
    return quoted(root.name if root.resolve().parent == home.resolve() else str(root))
