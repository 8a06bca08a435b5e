"""tuneyard stop: the end of a running sweep, from elsewhere."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import cluster, reference, storage
from tuneyard.terminal import next_steps, printable

if TYPE_CHECKING:
    from search.paths import RunPaths

__all__ = ["command"]

_POLL = 0.2  # seconds


@click.command("stop", short_help=COMMANDS["stop"])
@click.argument("run", metavar="RUN")
@cluster
@storage
def command(run: str, cluster: str | None, storage: Path | str) -> int:
    """Stop a running sweep: its running trials finish their step, all is saved, and it can be resumed.

    With --cluster one that was submitted there, else one that another process of this machine drives.
    """
    from tuneyard.clusters import is_elsewhere

    if is_elsewhere(run, cluster, storage):
        return _there(run, cluster, storage)
    return _here(run, storage)


def _there(run: str, cluster: str | None, storage: Path | str) -> int:
    from search.submission.submitting import origin, stop_and_wait
    from tuneyard.clusters import named, reach, run_again
    from tuneyard.submitting import say

    there, job = reach(cluster, run, storage)
    assert job is not None
    if job.over:
        click.echo(printable(f"{job.name} is not running: its job {job.state}"))
    else:
        say(f"stopping {job.name}: running trials finish their step")
        job = stop_and_wait(there, job.name) or job
        click.echo(printable(f"{job.name} {'stopped' if job.state == 'stopped' else job.state}"))
    next_steps(
        f"{run_again(origin(there, job))}    # go on, in the folder that was sent",
        named("status", job.name, there.url),
        named("fetch", job.name, there.url),
    )
    return 0


def _here(run: str, storage: Path | str) -> int:
    from search.errors import RunnerError
    from search.journal import lock_holder
    from search.storage import find_run

    paths = find_run(storage, run)
    holder = lock_holder(paths.lock)
    if holder is None:
        click.echo(f"{paths.name} is not running")
        next_steps(f"tuneyard show {reference(paths.root)}")
        return 0
    found = re.fullmatch(r"pid (\d+) on (\S+)", holder)
    if found is None or found[2] != socket.gethostname():
        raise RunnerError(
            f"{paths.root}: {holder} drives this run; stop it there: tuneyard stop {paths.name}"
        )
    os.kill(int(found[1]), signal.SIGTERM)
    click.echo(f"stopping {paths.name} ({holder}): running trials finish their step", err=True)
    _wait(paths)
    click.echo(f"{paths.name} stopped")
    name = reference(paths.root)
    next_steps(f"tuneyard resume {name}", f"tuneyard show {name}")
    return 0


def _wait(paths: RunPaths) -> None:
    from search.journal import lock_holder

    while lock_holder(paths.lock) is not None:
        time.sleep(_POLL)
