"""tuneyard ls: the runs of a storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from search.views.wording import duration
from tuneyard.cli import COMMANDS
from tuneyard.clusters import going_on
from tuneyard.options import as_json, print_json, reference, storage
from tuneyard.terminal import next_steps, table

__all__ = ["command"]


@click.command("ls", short_help=COMMANDS["ls"])
@storage
@as_json
def command(storage: Path | str, as_json: bool) -> None:
    """List the runs, the one written to last coming last.

    With --json, one object with the summary of each run under `runs`.
    """
    from search.run import Run
    from search.storage import list_runs

    summaries = [_summary(paths.root) for paths in list_runs(storage)]
    if as_json:
        print_json({"runs": summaries})
        return
    if not summaries:
        click.echo(f"no run in {storage} yet")
        next_steps("tuneyard init", "tuneyard run sweep.yaml")
        return
    head = ("run", "state", "trials", "failed", "best", "metric", "time")
    click.echo(table(head, map(_row, summaries), right=("trials", "failed", "best")))
    name = reference(Path(summaries[-1]["path"]))
    unfinished = summaries[-1]["state"] in ("interrupted", "killed", "detached")
    next_steps(
        *(going_on(Run.open(summaries[-1]["path"])) if unfinished else []),
        f"tuneyard show {name}",
        f"tuneyard report {name}",
    )


def _summary(root: Path) -> dict[str, Any]:
    """The summary of a run; one that cannot be read is listed as damaged, and does not hide the others."""
    from search.errors import JournalError
    from search.run import Run

    try:
        return Run.open(root).summary()
    except (JournalError, OSError) as error:  # OSError: no right to read it
        return {"name": root.name, "path": str(root), "state": "damaged", "problem": str(error)}


def _row(summary: dict[str, Any]) -> tuple[Any, ...]:
    trials, best = summary.get("trials", {}), summary.get("best")
    return (
        summary["name"],
        summary["state"],
        trials.get("total"),
        trials.get("failed"),
        best["value"] if best else None,
        f"{summary['metric']} ({summary['goal']})" if "metric" in summary else None,
        duration(summary.get("seconds")),
    )
