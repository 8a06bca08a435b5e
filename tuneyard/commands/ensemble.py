"""tuneyard ensemble: one prediction out of a run's best trials, and whether that pays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.views.wording import number
from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json, reference, storage, trust
from tuneyard.terminal import next_steps, printable, table

if TYPE_CHECKING:
    from deploy.ensembles import Made

__all__ = ["command"]


@click.command("ensemble", short_help=COMMANDS["ensemble"])
@click.argument("run", metavar="RUN")
@click.option(
    "--method",
    type=click.Choice(["average", "vote", "stack", "greedy"]),
    default="greedy",
    show_default=True,
    help="average: the mean; vote: shares of votes, of values the median; stack: a linear model over the trials; greedy: "
    "selection with replacement.",
)
@click.option(
    "--top",
    type=click.IntRange(min=2),
    default=20,
    show_default=True,
    metavar="K",
    help="Of the best K trials.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="S",
    help="Of the folds and bags.",
)
@storage
@trust
@as_json
def command(
    run: str, method: Any, top: int, seed: int, storage: Path | str, trust: bool, as_json: bool
) -> None:
    """Join the best trials of RUN into one model, and say whether that pays.

    It is made on some validation rows and measured on the others, against the single best trial chosen the same way. Members
    and weights are written to ensemble.json in the run directory.
    """
    from deploy.ensembles import ensemble
    from search.run import Run

    found = Run.open(run, storage)

    def opened(trial: str, of: int) -> None:
        click.echo(f"opening {trial} (at most {of})", err=True)

    made = ensemble(
        found, method, top=top, seed=seed, trust=trust, opened=(lambda *_: None) if as_json else opened
    )
    if as_json:
        path = None if found.paths is None else str(found.paths.ensemble)
        print_json({**made.to_json(), "path": path})
        return
    _tell(made)
    if made.measured.better:
        click.echo(f"Use it from Python: deploy.ensembles.Ensemble.open(Run.open({found.name!r}))")
        next_steps(
            f"tuneyard export {reference(found)} --trial {made.best} -o model  # the single best, as a folder"
        )
    else:
        next_steps(f"tuneyard export {reference(found)} --trial {made.best} -o model")


def _tell(made: Made) -> None:
    found = made.measured
    weighing = sorted(zip(made.members, made.blend.weights, strict=True), key=lambda each: -each[1])
    click.echo(
        table(("trial", "weight"), [(trial, f"{weight:.3f}") for trial, weight in weighing if weight > 0])
    )
    click.echo(
        f"\n{found.metric} on {found.rows} validation rows, each predicted by what was made without it:\n"
        f"  single best trial {number(found.old)}, {made.method} ensemble {number(found.new)}"
    )
    if found.low is not None and found.high is not None and found.p is not None:
        click.echo(
            f"  difference {found.difference:+.4g}, 95 % interval [{found.low:+.4g}, {found.high:+.4g}], p {found.p:.2g} "
            f"({found.test})"
        )
    click.echo(f"\n{made.verdict}")
    for sentence in made.left_out[:5]:
        click.echo(printable(f"left out: {sentence}"))
    if len(made.left_out) > 5:
        click.echo(f"left out: {len(made.left_out) - 5} more")
