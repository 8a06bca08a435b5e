"""tuneyard registry: the versions of a model, which of them is in production, and the way back."""

from __future__ import annotations

from pathlib import Path

import click

from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json
from tuneyard.terminal import next_steps, printable, quoted, table

__all__ = ["command"]

_folder = click.argument("registry", metavar="REGISTRY", type=click.Path(file_okay=False, path_type=Path))
_reason = click.option("--reason", default="", metavar="TEXT", help="Why; kept in the history.")


@click.group("registry", short_help=COMMANDS["registry"])
def command() -> None:
    """Keep the versions of a model in the folder REGISTRY, one of them in production.

    `tuneyard serve REGISTRY` serves that one, and changes over when another is promoted.
    """


@command.command("show")
@_folder
@as_json
def show(registry: Path, as_json: bool) -> None:
    """List the versions and what happened to them."""
    from deploy.registry import Registry

    found = Registry.open(registry)
    if as_json:
        print_json({"name": found.name, **found.to_json()})
        return
    rows = [(each.name, each.stage, each.added, each.note) for each in found.versions]
    click.echo(table(("version", "stage", "added", "note"), rows))
    if found.history:
        events = [(each.at, each.deed, each.version, each.reason) for each in found.history]
        click.echo(f"\n{table(('at', 'what', 'version', 'reason'), events)}")
    if found.current is None and found.versions:
        next_steps(f"tuneyard registry promote {quoted(str(registry))} {found.versions[-1].name}")
    elif found.current is not None:
        next_steps(f"tuneyard serve {quoted(str(registry))}")


@command.command("add")
@_folder
@click.argument("model", metavar="MODEL", type=click.Path(file_okay=False, path_type=Path))
@click.option("--note", default="", metavar="TEXT", help="A sentence about it.")
def add(registry: Path, model: Path, note: str) -> None:
    """Copy the model folder MODEL in as the next version; the registry is begun where there is none."""
    from deploy.model import Model
    from deploy.registry import Registry

    Model.load(model)  # refuses what is damaged before anything is written
    version = Registry.create(registry).add(model, note=note)
    click.echo(f"{registry.absolute().name} {version.name} is added, and not in production yet")
    next_steps(f"tuneyard registry promote {quoted(str(registry))} {version.name}")


@command.command("promote")
@_folder
@click.argument("version", metavar="VERSION")
@_reason
def promote(registry: Path, version: str, reason: str) -> None:
    """Put VERSION into production; the one that is there is archived."""
    from deploy.registry import Registry

    found = Registry.open(registry)
    found.promote(version, reason=reason)
    click.echo(f"{found.name} {version} is in production")
    place = quoted(str(registry))
    next_steps(f"tuneyard serve {place}", f"tuneyard registry rollback {place}")


@command.command("rollback")
@_folder
@_reason
def rollback(registry: Path, reason: str) -> None:
    """Put back what was in production before; again: one further back."""
    from deploy.registry import Registry

    found = Registry.open(registry)
    version = found.rollback(reason=reason)
    click.echo(printable(f"{found.name} {version.name} is in production again"))
    next_steps(f"tuneyard registry show {quoted(str(registry))}")


@command.command("archive")
@_folder
@click.argument("version", metavar="VERSION")
@_reason
def archive(registry: Path, version: str, reason: str) -> None:
    """Withdraw VERSION, which is not in production: a rollback passes it over."""
    from deploy.registry import Registry

    found = Registry.open(registry)
    found.archive(version, reason=reason)
    click.echo(f"{found.name} {version} is withdrawn")
    next_steps(f"tuneyard registry show {quoted(str(registry))}")
