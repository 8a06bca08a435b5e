"""tuneyard run: a sweep file, run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import (
    DEFAULT_STORAGE,
    STORAGE_VARIABLE,
    StoragePath,
    as_json,
    cluster,
    execution,
    overrides,
    print_json,
    sweep_file,
)
from tuneyard.terminal import printable

if TYPE_CHECKING:
    from search.api import Sweep
    from search.settings import Override
    from search.submission.request import Request

__all__ = ["command"]


@click.command("run", short_help=COMMANDS["run"])
@sweep_file
@overrides
@click.option("-n", "--run-cap", type=click.IntRange(min=1), metavar="N", help="Trials.")
@click.option("--time-budget", metavar="TIME", help="Wall time, as 2h, 90m or 45s.")
@execution
@click.option(
    "--storage",
    type=StoragePath(),
    metavar="DIR|URL",
    envvar=STORAGE_VARIABLE,
    help=f"Where the run is kept: a folder, or s3://BUCKET/PREFIX (or set {STORAGE_VARIABLE}); ./runs where the file says nothing.",
)
@click.option("--name", metavar="NAME", help="Name of the run.")
@click.option("--seed", type=click.IntRange(min=0), metavar="S", help="Seed of the sweep.")
@cluster
@click.option(
    "--working-dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that is sent to the cluster; the sweep file's where left out.",
)
@click.option(
    "--env",
    "environment",
    multiple=True,
    metavar="NAME",
    help="A variable of this environment that goes along to the cluster, where its users can see it.",
)
@click.option(
    "--emit",
    is_flag=False,
    flag_value="json",
    type=click.Choice(["json", "kuberay"]),
    help="Print what would be sent (--emit), or a RayJob for KubeRay (--emit kuberay), and send nothing.",
)
@click.option("--image", metavar="IMAGE", help="Container image of --emit kuberay.")
@click.option(
    "--trust",
    is_flag=True,
    help="With --cluster: go on with the run there although others can write to its directory.",
)
@click.option("--submitted", metavar="WORD", hidden=True)
@as_json
def command(
    file: Path,
    overrides: tuple[str, ...],
    run_cap: int | None,
    time_budget: str | None,
    runner: str | None,
    address: str | None,
    workers: int | None,
    storage: Path | str | None,
    name: str | None,
    seed: int | None,
    cluster: str | None,
    folder: Path | None,
    environment: tuple[str, ...],
    emit: str | None,
    image: str | None,
    trust: bool,
    submitted: str | None,
    as_json: bool,
) -> int:
    """Run the sweep of FILE.

    Ctrl-C once: running trials finish their step, and `tuneyard resume` goes on later; twice: at once.
    With --json the last line of stdout is the summary of the run.

    With --cluster its folder is sent to a Ray cluster, which runs it; Ctrl-C lets go of it, and it goes on there.
    """
    from search.api import Sweep
    from tuneyard.driving import drive

    options = {
        "-n": ("run_cap", run_cap),
        "--time-budget": ("time_budget", time_budget),
        "-j": ("workers", workers),
        "--storage": ("storage", None if storage is None else str(storage)),
        "--name": ("name", name),
        "--seed": ("seed", seed),
    }
    given = _given(options)
    if submitted is not None:
        from tuneyard.submitting import drive_submitted

        kept = [each for each in given if each.key not in ("storage", "name")]
        return drive_submitted(
            file, [*overrides, *kept], name or "", str(storage), address, workers, submitted, trust
        )
    sent = emit is not None or (cluster is not None and address is None and runner is None)
    local = [each for each in given if not (sent and each.key == "storage")]
    sweep = Sweep.from_file(file, overrides=[*overrides, *local])
    for note in sweep.resolved.notes:
        click.echo(printable(f"note: {note}"), err=True)
    if sent:
        from tuneyard.submitting import request_for, submit

        place, copies = _places(sweep, storage)
        passed_on = [*_spelt(overrides, local), *["--trust"] * trust]
        request = request_for(
            sweep, file, passed_on, storage=place, folder=folder, environment=environment, copies=copies
        )
        if emit is not None:
            _emit(emit, request, sweep, image)
            return 0
        return submit(sweep, request, str(cluster), copies, as_json)
    return drive(
        lambda stop, observers: sweep.run(runner=runner, address=address, stop=stop, observers=observers),
        as_json,
    )


def _spelt(overrides: tuple[str, ...], given: list[Override]) -> list[str]:
    """The options again, for the driver elsewhere; it is told the run's name anyway."""
    sets = [part for each in overrides for part in ("--set", each)]
    return sets + [part for each in given if each.key != "name" for part in (each.option, str(each.value))]


def _places(sweep: Sweep, storage: Path | str | None) -> tuple[str | None, Path]:
    """(where the run lies on the cluster, None = the default; where its copy lies here).

    An absolute path or a URL means the cluster, unless it is the path in the environment variable, which is of here.
    """
    source = click.get_current_context().get_parameter_source("storage")
    written = sweep.settings.file.storage
    if storage is not None and "://" in str(storage):
        return str(storage), DEFAULT_STORAGE
    there = written if written is not None and (written.startswith("/") or "://" in written) else None
    here = Path(written) if written is not None and there is None else DEFAULT_STORAGE
    if storage is None:
        return there, here
    if Path(storage).is_absolute() and source is not click.core.ParameterSource.ENVIRONMENT:
        return str(storage), here
    return there, Path(storage)


def _emit(kind: str, request: Request, sweep: Sweep, image: str | None) -> None:
    if kind == "kuberay":
        from search.submission.manifest import manifest_text

        click.echo(manifest_text(request, sweep.resolved, image), nl=False)
    else:
        print_json(request.shown())


def _given(options: Mapping[str, tuple[str, object]]) -> list[Override]:
    from search.settings import Override

    return [Override(key, value, option) for option, (key, value) in options.items() if value is not None]
