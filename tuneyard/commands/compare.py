"""tuneyard compare: runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from search.views.wording import duration, number
from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json, reference, storage
from tuneyard.terminal import next_steps, printable, table

__all__ = ["command"]


@click.command("compare", short_help=COMMANDS["compare"])
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True)
@storage
@as_json
def command(runs: tuple[str, ...], storage: Path, as_json: bool) -> None:
    """Put two or more runs side by side: what they searched, what they spent, and the config that won in each."""
    if len(runs) < 2:
        raise click.UsageError("compare takes two runs or more")
    from search.analysis import compare
    from search.run import Run

    found = [Run.open(name, storage) for name in runs]
    comparison = compare(found)
    rows, names = comparison["rows"], [run.name for run in found]
    winner = None if comparison["winner"] is None else rows[comparison["winner"]]
    if as_json:
        told = {"comparable": comparison["comparable"], "differs": comparison["differs"]}
        print_json({"runs": [run.summary() for run in found], **told, "winner": winner and winner["name"]})
        return
    click.echo(table(("", *names), _facts(rows)))
    configs = [dict(run.best.config) if run.best else {} for run in found]
    _section("best config", names, {name: [c.get(name, "") for c in configs] for c in configs for name in c})
    _section("searched differently", names, comparison["differs"])
    if not comparison["comparable"]:
        click.echo("\nThese runs have different objectives: their best values cannot be compared.")
    elif winner is not None:
        best = f"{winner['name']} with {winner['metric']} = {number(winner['best'])}"
        click.echo(
            printable(f"\nBest: {best}. One run each says little: chance may decide between close values.")
        )
    next_steps(f"tuneyard report {' '.join(reference(run) for run in found)}")


def _facts(rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        ("state", *(row["state"] for row in rows)),
        ("objective", *(f"{row['goal']} {row['metric']}" for row in rows)),
        ("best", *(row["best"] for row in rows)),
        ("by", *(row["best_trial"] for row in rows)),
        ("method", *(row["method"] for row in rows)),
        ("scheduler", *(row["scheduler"] for row in rows)),
        ("trials", *(row["trials"] for row in rows)),
        ("failed", *(row["failed"] for row in rows)),
        ("steps", *(row["steps"] for row in rows)),
        ("time", *(duration(row["seconds"]) for row in rows)),
    ]


def _section(title: str, names: Sequence[str], columns: dict[str, Sequence[Any]]) -> None:
    if columns:
        click.echo(f"\n{table((title, *names), [(name, *cells) for name, cells in columns.items()])}")
