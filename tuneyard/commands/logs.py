"""tuneyard logs: what a trial printed."""

from __future__ import annotations

import codecs
import time
from pathlib import Path

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import find_trial, storage
from tuneyard.terminal import next_steps, printable, quoted

__all__ = ["command"]

_CHUNK = 64 * 1024
_PATIENCE = 0.5  # seconds between two looks at a file that grows


@click.command("logs", short_help=COMMANDS["logs"])
@click.argument("target", metavar="RUN/TRIAL")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the trial ends.")
@click.option("--stderr", "errors", is_flag=True, help="Its stderr instead of its stdout.")
@storage
def command(target: str, follow: bool, errors: bool, storage: Path) -> None:
    """Print what a trial wrote to stdout (or stderr); `last/12` is trial 12 of the newest run.

    Characters that would steer the terminal are spelt out.
    """
    run, trial = find_trial(storage, target)
    if trial is None:
        raise click.UsageError(f"say which trial: tuneyard logs {quoted(run.name)}/t00000")
    assert run.paths is not None  # it was found on disk
    path = run.paths.stderr(trial.number) if errors else run.paths.stdout(trial.number)
    printed, offset = False, 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        ended = (
            trial is None or not trial.open
        )  # asked before reading: what was written until the end is printed
        while block := _read(path, offset):
            offset += len(block)
            printed = True
            click.echo(printable(decoder.decode(block), keep="\n\t\r"), nl=False)
        if ended or not follow:
            break
        time.sleep(_PATIENCE)
        run, trial = find_trial(storage, target)
    other = "stdout" if errors else "stderr"
    if not printed:
        click.echo(
            f"{trial.id if trial else target} wrote nothing to {'stderr' if errors else 'stdout'}", err=True
        )
    flag = "" if errors else " --stderr"
    next_steps(f"tuneyard logs {quoted(target)}{flag}    # its {other}", f"tuneyard show {quoted(target)}")


def _read(path: Path, offset: int) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read(_CHUNK)
    except FileNotFoundError:
        return b""
