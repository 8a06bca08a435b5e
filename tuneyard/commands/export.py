"""tuneyard export: a run, written for another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json, storage
from tuneyard.terminal import next_steps, printable, quoted

__all__ = ["command"]


@click.command("export", short_help=COMMANDS["export"])
@click.argument("run", metavar="RUN")
@click.option("--to", type=click.Choice(["optuna", "deepcave"]), required=True, help="The tool to write for.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="NAME.db (optuna) or the folder NAME-deepcave where left out.",
)
@click.option("--force", is_flag=True, help="Replace an earlier export of a run of that name.")
@storage
@as_json
def command(run: str, to: Any, output: Path | None, force: bool, storage: Path | str, as_json: bool) -> None:
    """Write RUN as a study in an Optuna storage, for optuna-dashboard and Optuna itself, or as a folder for DeepCAVE.

    An Optuna storage that is there already is added to; its other studies stay.
    """
    from search.run import Run

    found = Run.open(run, storage)
    path = found.export(to, output, force=force)
    if as_json:
        print_json({"run": found.name, "to": to, "path": str(path)})
        return
    click.echo(printable(str(path)))
    if to == "optuna":
        next_steps(f"optuna-dashboard {quoted(f'sqlite:///{path}')}")
    else:
        next_steps(f"deepcave --open   # then add the folder {quoted(str(path.resolve().parent))}")
