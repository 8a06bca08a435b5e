"""tuneyard fetch: files of a sweep on a cluster, brought here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import cluster, reference, storage
from tuneyard.terminal import next_steps

if TYPE_CHECKING:
    from search.submission.selection import What

__all__ = ["command"]


@click.command("fetch", short_help=COMMANDS["fetch"])
@click.argument("run", metavar="RUN")
@cluster
@click.option("--checkpoints", is_flag=True, help="The checkpoints of every trial, not of the winner alone.")
@click.option(
    "--all", "everything", is_flag=True, help="Everything, scratch space and Ray Tune's own files, too."
)
@storage
def command(run: str, cluster: str | None, checkpoints: bool, everything: bool, storage: Path | str) -> int:
    """Bring the files of a submitted sweep here: journal, report, logs, TensorBoard, the winner's checkpoints.

    They come from the storage where this machine sees it, else through the cluster's job server; each is checked by its
    SHA-256 and lands in the copy of the run.
    """
    from search.driving import write_report
    from search.paths import RunPaths
    from search.run import Run
    from search.submission.copy import LocalCopy
    from search.submission.fetching import fetch
    from search.submission.package import size
    from search.submission.submitting import origin
    from tuneyard.clusters import copies_in, reach

    what: What = "all" if everything else "checkpoints" if checkpoints else "winner"
    there, job = reach(cluster, run, storage)
    assert job is not None
    came_from, paths = origin(there, job), RunPaths(copies_in(storage) / job.name)
    LocalCopy(paths, came_from).close()  # or another run has the name
    count, total = fetch(there, came_from, paths, what)
    found = Run.open(paths.root)
    if not (paths.report / "index.html").is_file():
        write_report(found)
    click.echo(f"{count} files, {size(total)}: {paths.root}")
    name = reference(found)
    next_steps(f"tuneyard show {name}", f"tuneyard report {name} --open", f"tuneyard board {name}")
    return 0
