"""A sweep onto a cluster: what is known there under its name, the checks, the upload, the start."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from search.errors import RunExistsError, RunnerError, SettingsError
from search.runners.base import Resources
from search.submission.checks import PACKAGES, check, own_versions
from search.submission.client import Cluster, Job
from search.submission.copy import Origin
from search.submission.package import size
from search.submission.probe import Probed, probe
from search.submission.request import Request

__all__ = ["Standing", "origin", "send", "standing", "stop_and_wait"]

Standing = Literal["new", "attach", "again"]

_DONE = (0, 3)  # exit codes of a driver whose sweep is finished
_NEVER_BEGAN = 2  # wrong settings: nothing was written
_POLL = 0.5  # seconds


def standing(job: Job | None, request: Request) -> Standing:
    """What to do about a sweep whose name the cluster may know.

    "new": submit it. "attach": it runs, or is finished: follow what it said. "again": it ended before it was done:
    submit it again, and it goes on where it stood.

    Raises RunExistsError: another sweep, or somebody else's with other files, has that name there.
    """
    if job is None:
        return "new"
    if "word" not in job.metadata:
        raise RunExistsError(
            f"{job.name} on this cluster is a job that tuneyard did not submit. Give the sweep another name: --name"
        )
    mine = job.by == request.by
    began = f"{job.by} submitted it on {_date(job.began)}"
    same_sweep = job.metadata["sweep"] == request.sweep
    if not same_sweep and not (mine and job.exit_code == _NEVER_BEGAN):
        raise RunExistsError(
            f"{job.name} on this cluster is another sweep: {began}. Give yours another name (--name), or look at that "
            f"one: tuneyard status {job.name}"
        )
    if not mine and job.metadata["folder"] != request.package.digest:
        raise RunExistsError(
            f"{job.name} on this cluster has the same sweep file as yours, and other files beside it: {began}. Give "
            "yours another name: --name"
        )
    if not job.over or job.exit_code in _DONE:
        return "attach"
    return "again"


def send(
    cluster: Cluster,
    request: Request,
    resources: Resources,
    say: Callable[[str], None],
    known: Job | None = None,
) -> Job:
    """Check, upload, submit; returns the job. `known`: one of that name that is over and makes room.

    Its name is made free in Ray (which refuses a name twice) and used again: the new driver's log goes on behind the old
    one's in the same file, and finds the run in the storage.

    Raises RunnerError: the cluster cannot run this sweep (all reasons). SettingsError: the folder is too large.
    """
    _check_names(request)
    with tempfile.TemporaryDirectory(prefix="tuneyard-") as folder:
        packed = request.package.write(Path(folder))  # before the cluster is asked for anything
        say(f"sending {request.summary()}, packed {size(packed.stat().st_size)}")
        probed = probe(cluster, request.storage, PACKAGES)
        for note in check(probed, resources, own_versions()):
            say(f"note: {note}")
        say(_accepted(probed))
        if known is not None:
            cluster.forget(known.name)
        cluster.submit(
            request.name,
            request.entrypoint(probed.python, probed.storage),
            runtime_env={"working_dir": str(packed), "env_vars": request.variables()},
            metadata=request.metadata(probed.storage),
        )
    job = cluster.job(request.name)
    if job is None:
        raise RunnerError(f"{cluster.url} took {request.name} and knows nothing of it. Try again")
    return job


def origin(cluster: Cluster, job: Job) -> Origin:
    """Where the copy of a job's run comes from. Raises SettingsError: the job is no sweep of ours."""
    told: Mapping[str, str] = job.metadata
    if "word" not in told:
        raise SettingsError(f"{job.name} on {cluster.url} is no sweep that tuneyard submitted")
    return Origin(cluster.url, job.name, told["storage"], job.by, told.get("command", "FILE"))


def stop_and_wait(cluster: Cluster, name: str, sleep: Callable[[float], None] = time.sleep) -> Job | None:
    """Ask a job to end, and wait until it has: its running trials finish their step. None: it is forgotten meanwhile."""
    cluster.stop(name)
    while (job := cluster.job(name)) is not None and not job.over:
        sleep(_POLL)
    return job


def _check_names(request: Request) -> None:
    """The uploaded folder comes first where Ray's workers look for modules."""
    taken = ("spaces", "trainables", "search", "tuneyard", "ray")
    tops = {file.path.partition("/")[0].removesuffix(".py") for file in request.package.files}
    if found := sorted(tops.intersection(taken)):
        raise SettingsError(
            f"{request.package.folder} holds {', '.join(found)}, which would be imported on the cluster in the place of "
            "the installed package of that name. Rename it, leave it out (.rayignore), or send another folder "
            "(--working-dir)"
        )


def _accepted(probed: Probed) -> str:
    nodes = len(probed.nodes)
    total = {
        name: sum(node.resources.get(name, 0.0) for node in probed.nodes)
        for name in sorted({name for node in probed.nodes for name in node.resources})
    }
    listed = ", ".join(f"{amount:g} {name}" for name, amount in total.items())
    return f"checked {nodes} node{'s' * (nodes != 1)} ({listed}); runs lie in {probed.storage}"


def _date(seconds: float | None) -> str:
    return "an unknown day" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
