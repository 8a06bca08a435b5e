"""tuneyard import: a run made of what another tool recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.views.wording import counted
from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json, reference, storage
from tuneyard.terminal import next_steps, printable

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["command"]


@click.command("import", short_help=COMMANDS["import"])
@click.argument("source", metavar="SOURCE")
@click.option(
    "--from",
    "kind",
    type=click.Choice(["ray", "optuna", "wandb"]),
    help="What SOURCE is; seen from its looks where left out.",
)
@click.option("--name", metavar="NAME", help="Of the run; its own name where left out.")
@click.option("--metric", metavar="METRIC", help="What was searched for, where SOURCE does not say.")
@click.option("--goal", type=click.Choice(["minimize", "maximize"]), help="Is METRIC to be small or large?")
@click.option("--study", metavar="NAME", help="Which study of an Optuna storage, where it holds several.")
@click.option("--parameters", metavar="A,B,..", help="The columns of a W&B table that were configured.")
@storage
@as_json
def command(
    source: str,
    kind: Any,
    name: str | None,
    metric: str | None,
    goal: Any,
    study: str | None,
    parameters: str | None,
    storage: Path | str,
    as_json: bool,
) -> None:
    """Make a run of SOURCE: a Ray Tune experiment directory, an Optuna storage (a file or URL), or the runs table of
    Weights & Biases as CSV.

    SOURCE is only read, and no pickle of it is opened. The run can be shown, reported, compared, examined and learnt
    from (warm_start); it cannot be resumed or confirmed.
    """
    from search.run import Run

    run = Run.import_from(
        source,
        kind=kind,
        name=name,
        storage=storage,
        metric=metric,
        goal=goal,
        study=study,
        parameters=None if parameters is None else [each for each in parameters.split(",") if each],
    )
    if as_json:
        print_json({**run.summary(), "imported": run.history.about["imported"]})
        return
    _tell(run)
    shown = reference(run)
    next_steps(f"tuneyard show {shown}", f"tuneyard report {shown} --open", f"tuneyard doctor {shown}")


def _tell(run: Run) -> None:
    assert run.paths is not None
    told = run.history.about["imported"]
    click.echo(printable(f"{run.name}  {counted(len(run.history.trials), 'trial')} from {told['from']}"))
    if told["inferred"]:
        names = ", ".join(told["inferred"])
        click.echo(printable(f"inferred from the values seen, and hardly wider than they are: {names}"))
    for name, new in told["renamed"].items():
        click.echo(printable(f"{name!r} is called {new} here"))
    for switch in told["switches"]:
        click.echo(
            printable(f"{switch} was added: it is true where {switch.removesuffix('_given')} was given")
        )
    for note in told["notes"]:
        click.echo(printable(note))
    click.echo(printable(str(run.paths.root)))
