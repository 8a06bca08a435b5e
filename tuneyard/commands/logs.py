"""tuneyard logs: what a trial printed."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from search.paths import RunPaths
from tuneyard.cli import COMMANDS
from tuneyard.options import cluster, find_trial, reference, storage
from tuneyard.terminal import next_steps, printable

__all__ = ["command"]

_CHUNK = 64 * 1024
_PATIENCE = 0.5  # seconds between two looks at a file that grows


@click.command("logs", short_help=COMMANDS["logs"])
@click.argument("target", metavar="RUN[/TRIAL]")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the trial ends.")
@click.option("--stderr", "errors", is_flag=True, help="Its stderr and its tracebacks instead of its stdout.")
@cluster
@storage
def command(target: str, follow: bool, errors: bool, cluster: str | None, storage: Path | str) -> None:
    """Print what a trial wrote to stdout (or stderr); `last/12` is trial 12 of the newest run.

    Of a sweep that was submitted to a cluster, RUN alone is what its driver printed. Characters that would steer the
    terminal are spelt out.
    """
    if _of_a_cluster(target, cluster, storage):
        from tuneyard.remote_logs import print_logs

        print_logs(target, cluster, storage, follow=follow, errors=errors)
        return
    from search.storage import bring

    run, trial = find_trial(storage, target)
    if trial is None:
        raise click.UsageError(f"say which trial: tuneyard logs {reference(run)}/t00000")
    assert run.paths is not None  # it was found on disk
    bring(run.paths, f"trials/{trial.id}/*")
    stream, other = ("stderr", "stdout") if errors else ("stdout", "stderr")
    path = run.paths.stderr(trial.number) if errors else run.paths.stdout(trial.number)
    printed = False
    for text in _growing(run.paths, path, lambda: follow and _is_open(storage, target)):
        click.echo(printable(text, keep="\n\t\r"), nl=False)
        printed = True
    for traceback in sorted(run.paths.trial(trial.number).glob("failure-*.txt")) if errors else []:
        click.echo(f"-- {run.paths.relative(traceback)}")
        click.echo(
            printable(_read(run.paths, traceback, 0).decode("utf-8", "replace"), keep="\n\t"), nl=False
        )
        printed = True
    if not printed:
        click.echo(f"{trial.id} wrote nothing to {stream}", err=True)
    name = f"{reference(run)}/{trial.id}"
    flag = "" if errors else " --stderr"
    next_steps(f"tuneyard logs {name}{flag}    # its {other}", f"tuneyard show {name}")


def _of_a_cluster(target: str, cluster: str | None, storage: Path | str) -> bool:
    """Whether the logs lie on a cluster; those of a copy that were fetched lie here."""
    from tuneyard.clusters import copies_in, is_elsewhere

    name, _, trial = target.partition("/")
    return is_elsewhere(name, cluster, storage) and not (
        trial and (copies_in(storage) / name / "trials" / trial / "stdout.log").is_file()
    )


def _is_open(storage: Path | str, target: str) -> bool:
    from search.storage import bring

    run, trial = find_trial(storage, target)
    if run.paths is not None and trial is not None:
        bring(run.paths, f"trials/{trial.id}/*")
    return trial is not None and trial.open


def _growing(paths: RunPaths, path: Path, goes_on: Callable[[], bool]) -> Iterator[str]:
    """The text of a file, and what is added to it while `goes_on()`."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    offset = 0
    while True:
        again = goes_on()  # asked before reading, so that what was written until the end is read
        while block := _read(paths, path, offset):
            offset += len(block)
            yield decoder.decode(block)
        if not again:
            return
        time.sleep(_PATIENCE)


def _read(paths: RunPaths, path: Path, offset: int) -> bytes:
    if paths.own_file(path) is None:
        return b""
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read(_CHUNK)
    except FileNotFoundError:
        return b""
