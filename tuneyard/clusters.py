"""Which cluster and which of its sweeps a command means."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuneyard.options import CLUSTER_VARIABLE, DEFAULT_STORAGE, reference

if TYPE_CHECKING:
    from search.run import Run
    from search.submission.client import Cluster, Job
    from search.submission.copy import Origin

__all__ = ["copied_from", "copies_in", "going_on", "is_elsewhere", "named", "reach", "run_again"]


def copies_in(storage: Path | str) -> Path:
    """The folder of this machine in which copies of runs lie; an object store holds the runs themselves."""
    return DEFAULT_STORAGE if "://" in str(storage) else Path(storage)


def named(command: str, name: str, url: str, *options: str) -> str:
    """A command about a submitted run, with what it takes to work as it stands."""
    cluster = () if os.environ.get(CLUSTER_VARIABLE) == url else ("--cluster", url)
    return shlex.join(["tuneyard", command, name, *options, *cluster])


def going_on(run: Run) -> list[str]:
    """The command that takes a run further that is not over; [] for one that is, or runs."""
    from search.submission.copy import origin_of

    if run.state not in ("interrupted", "killed", "detached") or run.paths is None:
        return []
    origin = origin_of(run.paths)
    if origin is None:
        return [f"tuneyard resume {reference(run)}"]
    if run.state == "detached":
        return [named("status", origin.name, origin.url, "--follow")]
    return [run_again(origin)]


def run_again(origin: Origin) -> str:
    """The command that goes on with a submitted run, to be given in the folder that was sent."""
    file, *options = shlex.split(origin.command)
    return named("run", file, origin.url, *options, "--name", origin.name)


def reach(url: str | None, run: str | None, storage: Path | str) -> tuple[Cluster, Job | None]:
    """The cluster, and the sweep that `run` means there (None = none in particular).

    `run`: the name it was submitted under, a path to its copy, or `last`. `url` None: of the copy under `storage`.

    Raises RunNotFoundError: the cluster knows no such sweep (names the nearest). RunnerError: not to be reached.
    """
    from search.errors import RunNotFoundError
    from search.submission.client import Cluster
    from spaces.errors import nearest

    copy = None if run is None else copied_from(run, storage)
    if url is None and copy is not None:
        url = copy.url
    if url is None:
        raise click.UsageError(
            "say which cluster: --cluster http://HEAD:8265, or set TUNEYARD_CLUSTER. For a run of this machine there "
            "are tuneyard ls and tuneyard show"
        )
    cluster = Cluster(url)
    if run is None:
        return cluster, None
    if run == "last":
        sweeps = [job for job in cluster.jobs() if "word" in job.metadata]
        if not sweeps:
            raise RunNotFoundError(
                f"no sweep was submitted to {url}. Submit one: tuneyard run FILE --cluster {url}"
            )
        return cluster, sweeps[-1]
    name = copy.name if copy is not None and copy.url == cluster.url else run
    job = cluster.job(name)
    if job is None or "word" not in job.metadata:
        known = [each.name for each in cluster.jobs() if "word" in each.metadata]
        raise RunNotFoundError(
            f"{url} knows no sweep {name!r}{nearest(name, known)}. After a restart of its head it knows "
            "none: run the sweep again under its name, and it goes on from what lies in the storage"
        )
    return cluster, job


def copied_from(run: str, storage: Path | str) -> Origin | None:
    """Where the run of that name or path under `storage` was copied from; None for one of this machine, or none at all."""
    from search.errors import TuneyardError
    from search.paths import RunPaths, find_run
    from search.submission.copy import origin_of

    copies = copies_in(storage)
    if (exact := origin_of(RunPaths(copies / run))) is not None:
        return exact
    try:
        return origin_of(find_run(copies, run))
    except TuneyardError:
        return None


def is_elsewhere(run: str, url: str | None, storage: Path | str) -> bool:
    """Whether a command that is for runs of this machine, too, means one of a cluster.

    A run of this machine comes before a cluster that only the environment names.
    """
    from search.errors import TuneyardError
    from search.paths import find_run

    if copied_from(run, storage) is not None:
        return True
    if url is None or "://" in str(storage):
        return url is not None
    source = click.get_current_context().get_parameter_source("cluster")
    if source is not click.core.ParameterSource.ENVIRONMENT:
        return True
    try:
        find_run(Path(storage), run)
    except TuneyardError:
        return True
    return False
