"""tuneyard compare: runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.views.wording import duration, number
from tuneyard.cli import COMMANDS
from tuneyard.options import as_json, print_json, reference, storage
from tuneyard.terminal import next_steps, table

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["command"]


@click.command("compare", short_help=COMMANDS["compare"])
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True)
@storage
@as_json
def command(runs: tuple[str, ...], storage: Path, as_json: bool) -> None:
    """Put two or more runs side by side: what they spent, what they found, and the config that won in each."""
    if len(runs) < 2:
        raise click.UsageError("compare takes two runs or more")
    from search.run import Run

    found = [Run.open(reference, storage) for reference in runs]
    summaries = [run.summary() for run in found]
    if as_json:
        print_json({"runs": summaries})
        return
    click.echo(table(("", *(run.name for run in found)), _rows(found, summaries)))
    if len({(summary["metric"], summary["goal"]) for summary in summaries}) > 1:
        click.echo("These runs have different objectives: their best values cannot be compared.")
    else:
        _winner(summaries)
    next_steps(f"tuneyard report {' '.join(reference(run) for run in found)}")


def _rows(runs: list[Run], summaries: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    def row(title: str, *cells: Any) -> tuple[Any, ...]:
        return (title, *cells)

    bests: list[dict[str, Any]] = [summary["best"] or {} for summary in summaries]
    rows = [
        row("state", *(s["state"] for s in summaries)),
        row("objective", *(f"{s['goal']} {s['metric']}" for s in summaries)),
        row("best", *(best.get("value") for best in bests)),
        row("by", *(f"{best['trial']}, step {best['step']}" if best else None for best in bests)),
        *(row(f"trials {key}", *(s["trials"][key] for s in summaries)) for key in summaries[0]["trials"]),
        row("steps", *(s["steps_total"] for s in summaries)),
        row("time", *(duration(s["seconds"]) for s in summaries)),
        row("seed", *(run.history.problem.seed for run in runs)),
    ]
    names = list(dict.fromkeys(name for best in bests for name in best.get("config", {})))
    rows += [row(name, *(best.get("config", {}).get(name, "") for best in bests)) for name in names]
    return rows


def _winner(summaries: list[dict[str, Any]]) -> None:
    scored = [summary for summary in summaries if summary["best"]]
    if len(scored) < 2:
        return
    pick = max if summaries[0]["goal"] == "maximize" else min
    winner = pick(scored, key=lambda summary: summary["best"]["value"])
    value = number(winner["best"]["value"])
    click.echo(
        f"Best: {winner['name']} with {winner['metric']} = {value}. One run each says little: "
        "chance may decide between close values."
    )
