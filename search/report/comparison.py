"""Write the comparison of several runs: one page that works offline, and its numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.analysis import compare, comparison_verdict
from search.paths import write_atomic
from search.report.contents import finite
from search.report.page import render_comparison

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["build_comparison", "comparison_contents"]


def build_comparison(runs: Sequence[Run], out: Path) -> Path:
    """Write index.html and comparison.json into `out`; returns the path of index.html. Only the journals are read."""
    comparison = comparison_contents(runs)
    text = json.dumps(comparison, indent=1, ensure_ascii=False, allow_nan=False)
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / "comparison.json", text + "\n")
    write_atomic(out / "index.html", render_comparison(comparison))
    return out / "index.html"


def comparison_contents(runs: Sequence[Run]) -> dict[str, Any]:
    """Every number of the page: `search.analysis.compare`, the best config of each run, and the verdict in words."""
    comparison = compare(runs)
    configs = [dict(run.best.config) if run.best is not None else {} for run in runs]
    names = dict.fromkeys(name for config in configs for name in config)
    found = {name: [config.get(name) for config in configs] for name in names}
    whole: dict[str, Any] = finite(
        {**comparison, "configs": found, "verdict": comparison_verdict(comparison)}
    )
    return whole
