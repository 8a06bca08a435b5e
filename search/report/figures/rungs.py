"""Rungs: how many trials came to each, and how many were stopped there."""

from __future__ import annotations

from typing import Any

from search.report.figures.base import Figure, View, axis, layout, whole

__all__ = ["rungs_figure"]


FATES = (
    ("went on", "went_on", "@completed"),
    ("audited", "audited", "@second"),
    ("paused", "paused", "@paused"),
    ("stopped", "stopped", "@stopped"),
)
"""Name, count, colour of what became of the trials at a rung, from the axis up."""


def rungs_figure(report: dict[str, Any]) -> Figure | None:
    """None with fewer than two rungs: the sentence beside it says it all."""
    rungs = report["savings"]["rungs"]
    if len(rungs) < 2:
        return None
    steps = [rung["step"] for rung in rungs]
    places = list(range(len(rungs)))
    every = max(1, len(rungs) // 16)
    data = [
        {
            "type": "bar",
            "name": name,
            "x": places,
            "y": [rung[key] for rung in rungs],
            "hovertext": [
                f"step {rung['step']:,}: {rung[key]:,} of {rung['entered']:,} {name}" for rung in rungs
            ],
            "hoverinfo": "text",
            "marker": {"color": colour},
        }
        for name, key, colour in FATES
        if key not in ("audited", "paused") or any(rung[key] for rung in rungs)
    ]
    view = View(
        "",
        data,
        layout(
            barmode="stack",
            bargap=0.3,
            xaxis=axis(
                "step of the rung",
                tickvals=places[::every],
                ticktext=[f"{step:,}" for step in steps[::every]],
            ),
            yaxis=whole("trials", max(rung["entered"] for rung in rungs), rangemode="tozero"),
        ),
    )
    first = rungs[0]
    alt = f"Trials at each of {len(rungs):,} rungs. At step {first['step']:,}, {first['stopped']:,} of {first['entered']:,} were stopped."
    return Figure("rungs", alt, [view], 280)
