"""tuneyard export: the winner of a run as a model folder, or the run itself written for another tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json, storage, trust
from tuneyard.terminal import next_steps, printable, quoted, table

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["command"]


@click.command("export", short_help=COMMANDS["export"])
@click.argument("run", metavar="RUN")
@click.option(
    "--trial", metavar="T", help="The trial; the confirmed winner, else the best one, where left out."
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="F",
    help="Beside the native format: onnx, torch-export; may be given several times.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The model folder; of --to: NAME.db (optuna) or the folder NAME-deepcave where left out.",
)
@click.option("--to", type=click.Choice(["optuna", "deepcave"]), help="Write the run itself for this tool.")
@click.option("--force", is_flag=True, help="Replace what an earlier export wrote.")
@trust
@storage
@as_json
def command(
    run: str,
    trial: str | None,
    formats: tuple[str, ...],
    output: Path | None,
    to: Any,
    force: bool,
    trust: bool,
    storage: Path | str,
    as_json: bool,
) -> None:
    """Write the winner of RUN as a model folder: preprocessing, weights, schema, model card, and a hash of every file.

    It takes raw rows and needs neither the run nor its data. Every format is checked against the original on the
    validation rows. `--to` writes the whole run instead: as a study in an Optuna storage (its other studies stay), or as
    a folder for DeepCAVE.
    """
    if to is None and output is None:
        raise click.UsageError(
            "name the model folder to write: -o DIR (or the tool to write the run for: --to)"
        )
    if to is not None and (trial or formats):
        raise click.UsageError("--to writes the whole run; --trial and --format are for a model folder")
    from search.run import Run

    found = Run.open(run, storage)
    if to is not None:
        _write_run(found, to, output, force, as_json)
    else:
        assert output is not None
        _write_model(found, trial, formats, output, force, trust, as_json)


def _write_run(run: Run, to: Any, output: Path | None, force: bool, as_json: bool) -> None:
    path = run.export(to, output, force=force)
    if as_json:
        print_json({"run": run.name, "to": to, "path": str(path)})
        return
    click.echo(printable(str(path)))
    if to == "optuna":
        next_steps(f"optuna-dashboard {quoted(f'sqlite:///{path}')}")
    else:
        next_steps(f"deepcave --open   # then add the folder {quoted(str(path.resolve().parent))}")


def _write_model(
    run: Run,
    trial: str | None,
    formats: tuple[str, ...],
    output: Path,
    force: bool,
    trust: bool,
    as_json: bool,
) -> None:
    from deploy.export import export
    from deploy.trained import Trained

    trained = Trained.open(run, trial, trust=trust)
    written = export(trained, output, formats=formats, force=force)
    checks = [
        {
            "format": check.format,
            "rows": check.rows,
            "largest_difference": check.difference,
            "tolerance": check.tolerance,
        }
        for check in written.checks
    ]
    if as_json:
        print_json(
            {
                "run": run.name,
                "trial": trained.trial.id,
                "confirmed": trained.confirmed,
                "step": trained.step,
                "path": str(output),
                "version": written.version,
                "kind": written.kind,
                "checks": checks,
            }
        )
        return
    click.echo(printable(f"{output}: {written.kind}, version {written.version}. {trained.note}"))
    rows = [
        (each["format"], each["rows"], f"{each['largest_difference']:.3g}", f"{each['tolerance']:g}")
        for each in checks
    ]
    right = ("rows", "largest difference", "tolerance")
    click.echo(table(("format", "rows", "largest difference", "tolerance"), rows, right=right))
    model = quoted(str(output))
    next_steps(f"tuneyard predict {model} FILE.csv -o predictions.csv", f"tuneyard serve {model}")
