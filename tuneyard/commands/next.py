"""tuneyard next: the sweep file after a run, each change with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, overrides, print_json, reference, storage
from tuneyard.terminal import next_steps, printable, quoted

if TYPE_CHECKING:
    from search.next import Proposal
    from search.run import Run

__all__ = ["command", "suggestion"]


@click.command("next", short_help=COMMANDS["next"])
@click.argument("run", metavar="RUN")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the file there.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@overrides
@storage
@as_json
def command(
    run: str, output: Path | None, force: bool, overrides: tuple[str, ...], storage: Path | str, as_json: bool
) -> None:
    """Make the next sweep's file from what the checks of RUN found: bounds, choices, steps, stopping, budget.

    Each change stands beside its key with its reason. The next sweep learns from the trials of RUN. Without -o the file
    goes to stdout. It is checked first, without importing anything that RUN names: `tuneyard plan` does that. Where no check asks for a
    change, nothing is written, and what to do instead is said.
    """
    from search.next import propose
    from search.run import Run

    found = Run.open(run, storage)
    proposal = propose(found, reference(found))
    if not proposal.changes:
        _tell_why_not(proposal, as_json)
        return
    proposal = proposal.with_overrides(overrides)
    folder = Path() if output is None else output.parent
    notes = proposal.check(folder, "next.yaml" if output is None else output.name)
    if output is not None:
        proposal.write(output, force=force)
    if as_json:
        print_json(
            {
                **_as_json(proposal),
                "keys": proposal.keys(folder),
                "file": None if output is None else str(output),
            }
        )
        return
    for note in notes:
        click.echo(printable(f"note: {note}"), err=True)
    if output is None:
        click.echo(proposal.text(folder), nl=False)
        next_steps(f"tuneyard next {reference(found)} -o {quoted(f'{found.name}-next.yaml')}")
        return
    _tell(proposal, output)
    next_steps(f"tuneyard plan {quoted(str(output))}", f"tuneyard run {quoted(str(output))}{_runner(found)}")


def suggestion(run: Run) -> list[str]:
    """`[tuneyard next RUN -o FILE]` where the report of a run tells of a fault that it mends, else []."""
    if run.paths is None:
        return []
    try:
        findings = json.loads((run.paths.report / "report.json").read_text(encoding="utf-8"))["doctor"]
        asked = any((each["command"] or "").startswith("tuneyard next ") for each in findings)
    except (OSError, ValueError, KeyError, TypeError):  # no report, or another version's
        return []
    return [f"tuneyard next {reference(run)} -o {quoted(f'{run.name}-next.yaml')}"] if asked else []


def _tell(proposal: Proposal, output: Path) -> None:
    from search.settings.document import spell

    click.echo(printable(f"{output}: the sweep after {proposal.run} ({proposal.about})"))
    for change in proposal.changes:
        click.echo(printable(f"  {spell(change.path)}: {change.comment}"))
    outside = (
        f"; {proposal.of - proposal.fit} lie outside the new space" if proposal.of > proposal.fit else ""
    )
    click.echo(f"it learns from {proposal.fit} of {proposal.of} trials{outside}")
    for note in proposal.notes:
        click.echo(printable(f"left to you: {note}"))


def _tell_why_not(proposal: Proposal, as_json: bool) -> None:
    if as_json:
        print_json({**_as_json(proposal), "keys": None, "file": None})
        return
    said, command = proposal.instead or ("", None)
    click.echo(printable(said), err=True)
    for note in proposal.notes:
        click.echo(printable(f"left to you: {note}"), err=True)
    if command is not None:
        next_steps(command)


def _as_json(proposal: Proposal) -> dict[str, object]:
    said, command = proposal.instead or (None, None)
    return {
        "run": proposal.run,
        "changes": [change.to_json() for change in proposal.changes],
        "notes": list(proposal.notes),
        "instead": None if said is None else {"text": said, "command": command},
        "warm_start": {"fit": proposal.fit, "of": proposal.of},
    }


def _runner(run: Run) -> str:
    """Run as before: a sweep that was run in one process asks for that again."""
    return " --runner inline" if run.history.about.get("runner") == "inline" else ""
