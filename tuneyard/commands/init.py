"""tuneyard init: something to start from."""

from __future__ import annotations

from pathlib import Path

import click

from tuneyard.cli import COMMANDS
from tuneyard.terminal import next_steps, quoted

__all__ = ["command"]

TEMPLATES = Path(__file__).parents[1] / "templates"


@click.command("init", short_help=COMMANDS["init"])
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=Path())
def command(directory: Path) -> None:
    """Write sweep.yaml, with a comment for every choice, and train.py into DIRECTORY (default: this one).

    Nothing that is there is overwritten.
    """
    names = sorted(template.name for template in TEMPLATES.iterdir() if template.suffix in (".yaml", ".py"))
    taken = [name for name in names if (directory / name).exists()]
    if taken:
        raise click.UsageError(
            f"{' and '.join(str(directory / name) for name in taken)} {'exists' if len(taken) == 1 else 'exist'} "
            "already and nothing is overwritten; "
            "name another directory: tuneyard init DIRECTORY"
        )
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        with open(directory / name, "x", encoding="utf-8") as file:
            file.write((TEMPLATES / name).read_text(encoding="utf-8"))
        click.echo(f"wrote {directory / name}")
    sweep = quoted(str(directory / "sweep.yaml"))
    next_steps(f"tuneyard plan {sweep}", f"tuneyard run {sweep}")
