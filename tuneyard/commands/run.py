"""tuneyard run: a sweep file, run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import STORAGE_VARIABLE, as_json, execution, overrides, sweep_file
from tuneyard.terminal import printable

if TYPE_CHECKING:
    from search.settings import Override

__all__ = ["command"]


@click.command("run", short_help=COMMANDS["run"])
@sweep_file
@overrides
@click.option("-n", "--run-cap", type=click.IntRange(min=1), metavar="N", help="Trials.")
@click.option("--time-budget", metavar="TIME", help="Wall time, as 2h, 90m or 45s.")
@execution
@click.option(
    "--storage",
    type=click.Path(file_okay=False, path_type=Path),
    envvar=STORAGE_VARIABLE,
    help=f"Where the run directory is made (or set {STORAGE_VARIABLE}); ./runs where the file says nothing.",
)
@click.option("--name", metavar="NAME", help="Name of the run.")
@click.option("--seed", type=click.IntRange(min=0), metavar="S", help="Seed of the sweep.")
@as_json
def command(
    file: Path,
    overrides: tuple[str, ...],
    run_cap: int | None,
    time_budget: str | None,
    runner: str | None,
    address: str | None,
    workers: int | None,
    storage: Path | None,
    name: str | None,
    seed: int | None,
    as_json: bool,
) -> int:
    """Run the sweep of FILE.

    Ctrl-C once: running trials finish their step, and `tuneyard resume` goes on later; twice: at once.
    With --json the last line of stdout is the summary of the run.
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
    sweep = Sweep.from_file(file, overrides=[*overrides, *_given(options)])
    for note in sweep.resolved.notes:
        click.echo(printable(f"note: {note}"), err=True)
    return drive(
        lambda stop, observers: sweep.run(runner=runner, address=address, stop=stop, observers=observers),
        as_json,
    )


def _given(options: Mapping[str, tuple[str, object]]) -> list[Override]:
    from search.settings import Override

    return [Override(key, value, option) for option, (key, value) in options.items() if value is not None]
