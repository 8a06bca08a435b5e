"""tuneyard report: the HTML report of a run."""

from __future__ import annotations

from pathlib import Path

import click

from tuneyard.cli import COMMANDS
from tuneyard.commands.next import suggestion
from tuneyard.options import reference, storage
from tuneyard.terminal import next_steps

__all__ = ["command"]


@click.command("report", short_help=COMMANDS["report"])
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@storage
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
def command(runs: tuple[str, ...], storage: Path | str, show: bool) -> None:
    """Write the report of each RUN into its directory: index.html (one file, works offline), report.json, report.md, trials.csv.

    Prints the path of each page. A running sweep may be reported, too: what there is so far.
    """
    from search.run import Run

    found = [Run.open(name, storage) for name in runs]
    for run in found:
        page = run.report()
        click.echo(str(page))
        if show:
            import webbrowser

            webbrowser.open(Path(page).resolve().as_uri())
    names = " ".join(reference(run) for run in found)
    steps = [] if show else [f"tuneyard report {names} --open"]
    steps += suggestion(found[0]) if len(found) == 1 else []
    next_steps(*steps, f"tuneyard {'compare' if len(found) > 1 else 'board'} {names}")
