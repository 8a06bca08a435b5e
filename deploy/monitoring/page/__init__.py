"""The monitor's page: monitor.html.j2, with the look, the macros and the policy of the report's pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deploy.monitoring.alerts import Alert
from deploy.monitoring.figures import (
    column_figures,
    correctness_figure,
    drift_figure,
    latency_figure,
    trouble_figure,
)
from deploy.monitoring.verdict import verdict
from search.paths import write_atomic
from search.report.contents import finite
from search.report.page import render_page

__all__ = ["build_page"]


def build_page(contents: Mapping[str, Any], alerts: Sequence[Alert], out: Path) -> Path:
    """Write index.html and monitor.json into `out`; returns the path of index.html."""
    figures = {
        "drift": drift_figure(contents),
        "latency": latency_figure(contents),
        "trouble": trouble_figure(contents),
        "correctness": correctness_figure(contents),
        "columns": column_figures(contents),
    }
    drawn = [each for each in (*list(figures.values())[:-1], *column_figures(contents)) if each is not None]
    page = render_page(
        "monitor.html.j2",
        drawn,  # type: ignore[arg-type]
        templates=Path(__file__).parent,
        seen=contents,
        alerts=alerts,
        said=verdict(contents, alerts),
        figures=figures,
    )
    numbers = finite({**contents, "alerts": [asdict(alert) for alert in alerts]})
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomic(out / "monitor.json", json.dumps(numbers, indent=1, allow_nan=False) + "\n")
    write_atomic(out / "index.html", page)
    return out / "index.html"
