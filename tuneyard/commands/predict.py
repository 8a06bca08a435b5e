"""tuneyard predict: a file of rows through a model."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json
from tuneyard.terminal import next_steps, printable, quoted

__all__ = ["command"]


@click.command("predict", short_help=COMMANDS["predict"])
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("file", metavar="FILE|URL")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="OUT",
    help="Where to: a name that ends in .csv, .parquet or .jsonl.",
)
@click.option("--query", metavar="SQL", help="The rows of a database: SELECT ... FROM ...")
@as_json
def command(model: Path, file: str, output: Path, query: str | None, as_json: bool) -> int:
    """Predict every row of FILE with the model folder MODEL.

    FILE is CSV, TSV, JSON Lines, Parquet, an .npz archive, a folder of pictures, or the URL of a database. Rows that
    cannot be used are listed in OUT's neighbour NAME.faults.csv; the others are predicted, and the exit code is 3.
    """
    from deploy.model import Model
    from deploy.prediction import predict_file

    loaded = Model.load(model)
    progress = _Progress()
    done = predict_file(loaded, file, output, query=query, progress=progress.show)
    progress.end()
    if as_json:
        print_json(
            {
                "model": loaded.name,
                "version": loaded.version,
                "rows": done.rows,
                "predicted": done.predicted,
                "bad": done.bad,
                "output": str(done.output),
                "faults": None if done.faults is None else str(done.faults),
            }
        )
    else:
        click.echo(printable(f"{output}: {done.predicted:,} predictions of {done.rows:,} rows"))
        if done.faults is not None:
            click.echo(
                printable(
                    f"rows that could not be used: {done.bad:,}; row, field and rule of each: {done.faults}"
                )
            )
            next_steps(f"head {quoted(str(done.faults))}")
        else:
            next_steps(f"head {quoted(str(output))}")
    return 3 if done.bad else 0


class _Progress:
    """One line on stderr, where that is a terminal; it is drawn twice a second at most."""

    def __init__(self) -> None:
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        self._begun = self._last = time.monotonic()

    def show(self, rows: int) -> None:
        now = time.monotonic()
        if self._shown and now - self._last >= 0.5:
            self._last = now
            click.echo(f"\r{rows:,} rows, {rows / (now - self._begun):,.0f} a second ", nl=False, err=True)

    def end(self) -> None:
        """Go on to the next line, if there was one."""
        if self._shown and self._last > self._begun:
            click.echo(err=True)
