"""tuneyard status: a sweep on a cluster, or all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.views.wording import config_line, counted, duration, number, seen
from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, cluster, print_json, storage
from tuneyard.terminal import next_steps, printable, table

if TYPE_CHECKING:
    from search.run import Run
    from search.submission.client import Cluster, Job

__all__ = ["command"]


@click.command("status", short_help=COMMANDS["status"])
@click.argument("run", metavar="[RUN]", required=False)
@cluster
@click.option("-f", "--follow", is_flag=True, help="Show it live until it is over; Ctrl-C lets go of it.")
@storage
@as_json
def command(run: str | None, cluster: str | None, follow: bool, storage: Path | str, as_json: bool) -> int:
    """Show how a submitted sweep is doing; without RUN, list those that the cluster knows.

    RUN is the name it was submitted under, or `last`. The URL of the cluster may be left out where there is a copy of
    the run here. --follow keeps that copy up to date.
    """
    from tuneyard.clusters import copies_in, named, reach
    from tuneyard.submitting import attach

    if run is None:
        _list(reach(cluster, None, storage)[0], as_json)
        return 0
    there, job = reach(cluster, run, storage)
    assert job is not None
    if follow:
        return attach(there, job, copies_in(storage), as_json)
    found = _read(there, job)
    if as_json:
        print_json(_json(there, job, found))
        return 0
    _describe(there, job, found)
    next_steps(
        *(
            [named("status", job.name, there.url, "--follow"), named("stop", job.name, there.url)]
            if not job.over
            else []
        ),
        named("logs", job.name, there.url),
        named("fetch", job.name, there.url),
    )
    return 0


def _read(cluster: Cluster, job: Job) -> Run | None:
    """The run as far as its driver told of it; nothing is written here. None before its first record."""
    from search.history import History
    from search.journal import decode
    from search.run import Run
    from search.submission.channel import JournalLine, read_line

    records, end = [], 0
    for line in cluster.log(job.name).splitlines(keepends=True):
        said = read_line(job.metadata["word"], line) if line.endswith("\n") else None
        if isinstance(said, JournalLine) and said.path == "journal.jsonl" and said.offset == end:
            records.append(decode(said.line.rstrip(b"\n")))
            end += len(said.line)
    return Run(History.from_records(records), None, job.name) if records else None


def _state(job: Job, run: Run | None) -> str:
    """Of the sweep: as its records say, and whether a driver is at work."""
    if not job.over:
        return "running" if run is not None else "pending"
    return "failed" if run is None else run.state


def _json(cluster: Cluster, job: Job, run: Run | None) -> dict[str, Any]:
    summary = {} if run is None else run.summary()
    about = {"url": cluster.url, "job": job.state, "by": job.by, "storage": job.metadata.get("storage")}
    return {"name": job.name, **summary, "path": None, "state": _state(job, run), "cluster": about}


def _describe(cluster: Cluster, job: Job, run: Run | None) -> None:
    click.echo(printable(f"{job.name}  {_state(job, run)}"))
    click.echo(
        printable(f"cluster  {cluster.url}, Ray {cluster.version}; job {job.state}, submitted by {job.by}")
    )
    click.echo(printable(f"storage  {job.metadata.get('storage')}"))
    if run is None:
        if job.over:
            click.echo(printable(f"it never began: {(job.message or 'no reason given').splitlines()[0]}"))
        return
    summary, best, problem = run.summary(), run.best, run.history.problem
    counts = dict(summary["trials"])
    total = counts.pop("total")
    click.echo(f"trials   {total}: {', '.join(f'{count} {state}' for state, count in counts.items())}")
    click.echo(f"spent    {counted(summary['steps_total'], 'step')} in {duration(summary['seconds'])}")
    if best is None:
        click.echo(printable(f"best     none yet of {problem.objective.metric} ({problem.objective.goal})"))
        return
    value = f"{problem.objective.metric} = {number(best.value)} ({problem.objective.goal})"
    click.echo(printable(f"best     {value} by {best.trial} {seen(problem, best.step)}"))
    click.echo(f"         {config_line(best.config)}")


def _list(cluster: Cluster, as_json: bool) -> None:
    from tuneyard.clusters import named

    jobs = [job for job in cluster.jobs() if "word" in job.metadata]
    if as_json:
        about = [
            {"name": job.name, "job": job.state, "by": job.by, "storage": job.metadata.get("storage")}
            for job in jobs
        ]
        print_json({"url": cluster.url, "sweeps": about})
        return
    if not jobs:
        click.echo(f"no sweep was submitted to {cluster.url}")
        next_steps(f"tuneyard run sweep.yaml --cluster {cluster.url}")
        return
    rows = [(job.name, job.state, job.by, job.metadata.get("storage")) for job in jobs]
    click.echo(table(("run", "job", "by", "storage"), rows))
    next_steps(named("status", jobs[-1].name, cluster.url))
