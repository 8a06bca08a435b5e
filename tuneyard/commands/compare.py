"""tuneyard compare: runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from search.views.wording import duration
from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json, reference, storage
from tuneyard.terminal import next_steps, printable, table

__all__ = ["command"]

_TOLD = ("verdict", "comparable", "differs", "matched", "groups", "pairs")


@click.command("compare", short_help=COMMANDS["compare"])
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write it as a page, too.",
)
@click.option("--open", "show", is_flag=True, help="Open the page in the browser (needs -o).")
@storage
@as_json
def command(
    runs: tuple[str, ...], output: Path | None, show: bool, storage: Path | str, as_json: bool
) -> None:
    """Put two or more runs side by side: what they searched, what they spent, and the config that won in each.

    With -o the page shows them at the same spending, too. Runs that differ in their seed alone are one group; two groups
    that share five seeds or more are tested against each other.
    """
    if len(runs) < 2:
        raise click.UsageError("compare takes two runs or more")
    if show and output is None:
        raise click.UsageError("--open needs -o DIR, where the page is to be written")
    from search.report import build_comparison, comparison_contents
    from search.run import Run

    found = [Run.open(name, storage) for name in runs]
    comparison = comparison_contents(found)
    page = None if output is None else build_comparison(found, output)
    rows, names = comparison["rows"], [run.name for run in found]
    winner = None if comparison["winner"] is None else rows[comparison["winner"]]
    if as_json:
        told = {"runs": [run.summary() for run in found], "winner": winner and winner["name"]}
        print_json({**told, **{key: comparison[key] for key in _TOLD}})
        return
    click.echo(table(("", *names), _facts(rows)))
    configs: dict[str, Sequence[Any]] = {
        name: ["" if v is None else v for v in values] for name, values in comparison["configs"].items()
    }
    _section("best config", names, configs)
    _section("searched differently", names, comparison["differs"])
    click.echo(printable(f"\n{comparison['verdict']['headline']}."))
    for sentence in comparison["verdict"]["sentences"]:
        click.echo(printable(sentence))
    listed = " ".join(reference(run) for run in found)
    if page is None:
        next_steps(f"tuneyard compare {listed} -o comparison --open")
        return
    click.echo(f"\n{page}")
    if show:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
    next_steps(f"tuneyard board {listed}")


def _facts(rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        ("state", *(row["state"] for row in rows)),
        ("objective", *(row["objectives"] for row in rows)),
        *_best(rows),
        ("method", *(row["method"] for row in rows)),
        ("scheduler", *(row["scheduler"] for row in rows)),
        ("trials", *(row["trials"] for row in rows)),
        ("failed", *(row["failed"] for row in rows)),
        ("steps", *(row["steps"] for row in rows)),
        ("time", *(duration(row["seconds"]) for row in rows)),
    ]


def _best(rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The best value and who has it; of the same several objectives the front, and the share of the box that it covers."""
    front = ("on the front", *(row["front"] for row in rows))
    if all(row["metric"] == "hypervolume" for row in rows):
        return [front, ("hypervolume", *(row["best"] for row in rows))]
    by = ("by", *(row["best_trial"] for row in rows))
    if all(row["front"] is None for row in rows):
        return [("best", *(row["best"] for row in rows)), by]
    return [front, ("best by the first objective", *(row["best"] for row in rows)), by]


def _section(title: str, names: Sequence[str], columns: dict[str, Sequence[Any]]) -> None:
    if columns:
        click.echo(f"\n{table((title, *names), [(name, *cells) for name, cells in columns.items()])}")
