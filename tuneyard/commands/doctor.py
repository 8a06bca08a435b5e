"""tuneyard doctor: what is wrong with a run, and what to do about it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json, reference, storage
from tuneyard.terminal import next_steps, printable

__all__ = ["command"]

_COLOURS = {"fail": "red", "warn": "yellow", "pass": "green", "cannot tell": None}


@click.command("doctor", short_help=COMMANDS["doctor"])
@click.argument("run", metavar="RUN")
@click.option("--all", "everything", is_flag=True, help="Show what passed and what cannot be told, too.")
@storage
@as_json
def command(run: str, everything: bool, storage: Path | str, as_json: bool) -> None:
    """Check the search of RUN and its training curves: each finding with its evidence and the next move.

    Reads the journal and nothing else; works while a sweep runs.
    """
    from search.analysis import confirmation, outdated
    from search.analysis.checks import doctor
    from search.confirmation import confirmation_of
    from search.report.contents import finite
    from search.run import Run

    found = Run.open(run, storage)
    findings = finite(doctor(found.history, reference(found)))
    if as_json:
        print_json({"run": found.name, "findings": findings})
        return
    shown = [each for each in findings if everything or each["verdict"] in ("fail", "warn")]
    for each in shown:
        _print(each)
    hidden = _counted(each["verdict"] for each in findings if each not in shown)
    if not shown:
        click.echo("nothing to worry about was found")
    if hidden:
        click.echo(f"{hidden}: --all shows them")
    commands: dict[str, Any] = dict.fromkeys(each["command"] for each in shown if each["command"])
    if (seeds := confirmation_of(found)) is not None:
        confirmed, asked = confirmation(seeds), f"tuneyard confirm {reference(found)}"
        afresh = outdated(found.history, confirmed)
        if not afresh:
            click.echo(printable(f"trained again since: {confirmed['headline']}"))
        if commands.pop(asked, None) and afresh:
            commands[f"{asked} --afresh"] = None
    next_steps(*commands, f"tuneyard report {reference(found)} --open")


def _print(finding: dict[str, Any]) -> None:
    about = f" · {finding['about']}" if finding["about"] else ""
    verdict = click.style(finding["verdict"], fg=_COLOURS[finding["verdict"]], bold=True)
    click.echo(f"{verdict}  {printable(finding['check'].replace('_', ' ') + about)}")
    for text in (finding["says"], f"-> {finding['next']}" if finding["next"] else ""):
        for line in textwrap.wrap(printable(text), 106):
            click.echo(f"  {line}")
    click.echo()


def _counted(verdicts: Any) -> str:
    counts: dict[str, int] = {}
    for verdict in verdicts:
        counts[verdict] = counts.get(verdict, 0) + 1
    parts: Sequence[str] = [f"{count} {verdict}" for verdict, count in counts.items()]
    return ", ".join(parts)
