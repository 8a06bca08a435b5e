"""Write the report of a run: the page, its numbers, a summary to paste, a table."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from search.errors import SweepError
from search.paths import write_atomic
from search.report.contents import contents
from search.report.markdown import markdown
from search.report.page import render
from search.trust import unwritable_by_others
from search.views.frames import csv_text

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["build_report"]


def build_report(run: Run, out: Path | None = None) -> Path:
    """Write index.html, report.json, report.md and trials.csv into `out`; returns the path of index.html.

    `out` None: the `report` folder of the run directory. Only the journal is read; nothing of the run is executed.
    Works for a run in any state, also one that is running or has no trial yet.

    Raises SweepError: `out` is None, and the run has no directory (a simulation) or its `report` leads out of it.
    """
    if out is None:
        if run.paths is None:
            raise SweepError(
                f"run {run.name!r} has no directory to write a report to; say where: build_report(run, out)"
            )
        out = run.paths.report
        if not out.resolve().is_relative_to(run.paths.root.resolve()):
            raise SweepError(
                f"{out} leads out of the run directory, to {out.resolve()}, and nothing is written there. Remove the link"
            )
    began = time.perf_counter()
    report = contents(run)
    report["built_seconds"] = round(time.perf_counter() - began, 2)
    page = render(report, root=run.paths.root if run.paths is not None else None, out=out)
    numbers = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    with unwritable_by_others():  # it is a part of the run directory
        write_atomic(out / "report.json", numbers)
        write_atomic(out / "report.md", markdown(report))
        write_atomic(out / "trials.csv", csv_text(run.history))
        write_atomic(out / "index.html", page)
    return out / "index.html"
