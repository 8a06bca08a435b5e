"""tuneyard validate: what should be known of a winner before it is shipped."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json, reference, storage, trust
from tuneyard.terminal import next_steps, printable, quoted

__all__ = ["command"]

_COLOURS = {"warn": "yellow", "pass": "green", "cannot tell": None}


@click.command("validate", short_help=COMMANDS["validate"])
@click.argument("run", metavar="RUN")
@click.option(
    "--trial", metavar="T", help="Another trial than the confirmed winner, or else the best: t00012."
)
@click.option(
    "--checks",
    metavar="A,B",
    help="Only these: attacks, robustness, calibration, explanations, slices, shift.",
)
@click.option(
    "--against", metavar="FILE", help="Compare the training rows with those of this file, folder or URL, too."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of all that is drawn: rows, noise, starts of attacks, shuffles.",
)
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
@trust
@storage
@as_json
def command(
    run: str,
    trial: str | None,
    checks: str | None,
    against: str | None,
    seed: int,
    show: bool,
    trust: bool,
    storage: Path | str,
    as_json: bool,
) -> None:
    """Check the winner of RUN: attacks, noise and missing inputs, calibration, what it goes by, weak groups, shift.

    It is opened from its checkpoint and asked about its validation rows; the locked test part stays locked. Writes a page
    (works offline) and validation.json into the run directory. What is found changes no exit code.
    """
    from deploy.validation import validate, write_validation
    from search.run import Run

    found = Run.open(run, storage)
    names = [name.strip() for name in (checks or "").split(",") if name.strip()]
    validation = validate(found, trial, checks=names, against=against, seed=seed, trust=trust)
    page = write_validation(found, validation)
    if as_json:
        print_json({**validation, "page": str(page)})
    else:
        _print(validation)
        click.echo(str(page))
    if show:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
    name = reference(found)
    again = f"tuneyard validate {name}" + (f" --trial {quoted(trial)}" if trial else "")
    steps = [] if show else [f"{again} --open"]
    if against is None:
        steps.append(f"{again} --checks shift --against NEW_FILE")
    next_steps(*steps, f"tuneyard export {name}{f' --trial {quoted(trial)}' if trial else ''} -o model")


def _print(validation: dict[str, Any]) -> None:
    from deploy.validation import headline

    score = validation["score"]
    click.echo(printable(f"{validation['run']}, {validation['trial']}: {validation['note']}"))
    click.echo(
        f"{validation['measure']} {score['value']:.4g} ({score['interval'][0]:.4g} to {score['interval'][1]:.4g}) "
        f"on {score['rows']:,} validation rows\n"
    )
    for each in validation["findings"]:
        verdict = click.style(each["verdict"], fg=_COLOURS[each["verdict"]], bold=True)
        click.echo(f"{verdict}  {each['check']}")
        for text in (each["says"], f"-> {each['next']}" if each["next"] else ""):
            for line in textwrap.wrap(printable(text), 106):
                click.echo(f"  {line}")
    click.echo(printable(f"\n{headline(validation)}."))
