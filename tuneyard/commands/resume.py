"""tuneyard resume: a run, gone on with."""

from __future__ import annotations

from pathlib import Path

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, execution, storage, trust

__all__ = ["command"]


@click.command("resume", short_help=COMMANDS["resume"])
@click.argument("run", metavar="RUN")
@click.option(
    "--add-trials", type=click.IntRange(min=0), default=0, metavar="N", help="N trials more than it had."
)
@click.option("--retry-failed", is_flag=True, help="Run failed trials again, too.")
@click.option("--fork", metavar="NAME", help="Go on in a copy of that name; RUN stays as it is.")
@click.option(
    "--lanes", type=click.IntRange(min=0), metavar="N", help="N lanes a worker; 0: each trial by itself."
)
@trust
@execution
@storage
@as_json
def command(
    run: str,
    add_trials: int,
    retry_failed: bool,
    fork: str | None,
    lanes: int | None,
    trust: bool,
    runner: str | None,
    address: str | None,
    workers: int | None,
    storage: Path | str,
    as_json: bool,
) -> int:
    """Go on with RUN where it stood: finished trials stay, unfinished ones go on from their last checkpoint.

    A finished run goes on with --add-trials or --retry-failed.
    """
    from search.api import resume
    from tuneyard.driving import drive

    return drive(
        lambda stop, observers: resume(
            run,
            storage=storage,
            add_trials=add_trials,
            retry_failed=retry_failed,
            fork=fork,
            lanes=lanes,
            runner=runner,
            address=address,
            workers=workers,
            trust=trust,
            observers=observers,
            stop=stop,
        ),
        as_json,
    )
