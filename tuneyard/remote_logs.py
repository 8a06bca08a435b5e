"""What a submitted sweep printed: its driver's log, or a trial's, through the cluster's job server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuneyard.clusters import named, reach
from tuneyard.terminal import next_steps, printable

if TYPE_CHECKING:
    from search.submission.client import Cluster, Job

__all__ = ["print_logs"]


def print_logs(target: str, url: str | None, storage: Path | str, *, follow: bool, errors: bool) -> None:
    """Print them. `target`: RUN or RUN/TRIAL. `errors`: of a trial, its stderr and its tracebacks.

    Raises UsageError: -f of a trial. RunNotFoundError: no such sweep, or no such trial.
    """
    run, _, trial = target.partition("/")
    cluster, job = reach(url, run, storage)
    assert job is not None
    if trial and follow:
        raise click.UsageError(
            "-f follows the driver of a submitted sweep; of a trial there is what it wrote so far: leave -f out"
        )
    if trial:
        _print_trial(cluster, job, trial, errors)
        return
    from search.submission.follow import for_people

    lines = cluster.follow_log(job.name) if follow else iter(cluster.log(job.name).splitlines(keepends=True))
    for line in for_people(lines):
        click.echo(printable(line, keep="\n\t"), nl=False)
    next_steps(named("status", job.name, cluster.url), named("logs", f"{job.name}/t00000", cluster.url))


def _print_trial(cluster: Cluster, job: Job, reference: str, errors: bool) -> None:
    import codecs

    from search.errors import RunNotFoundError
    from search.submission.channel import FilePiece
    from search.submission.fetching import ask_files
    from search.submission.submitting import origin
    from search.trial import trial_id, trial_number

    try:
        trial = trial_id(trial_number(reference))
    except ValueError:
        raise RunNotFoundError(
            f"{reference!r} is no trial; write {job.name}/t00012 or {job.name}/12"
        ) from None
    names = [
        f"trials/{trial}/{name}" for name in (("stderr.log", "failure-*.txt") if errors else ("stdout.log",))
    ]
    printed, decoder = False, codecs.getincrementaldecoder("utf-8")("replace")
    for said in ask_files(cluster, origin(cluster, job), "only", names):
        if isinstance(said, FilePiece):
            if said.offset == 0 and "failure-" in said.path:
                click.echo(f"-- {printable(said.path)}")
            click.echo(printable(decoder.decode(said.data), keep="\n\t\r"), nl=False)
            printed = printed or bool(said.data)
    if not printed:
        click.echo(f"{trial} wrote nothing to {'stderr' if errors else 'stdout'}", err=True)
    flag = () if errors else ("--stderr",)
    next_steps(
        named("logs", f"{job.name}/{trial}", cluster.url, *flag)
        + f"    # its {'stdout' if errors else 'stderr'}",
        named("status", job.name, cluster.url),
    )
