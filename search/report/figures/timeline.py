"""Workers over time: every attempt a bar on the lane that ran it."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import duration, percent
from search.report.figures.base import Figure, View, axis, label, layout, state_colour

__all__ = ["timeline_figure"]


def timeline_figure(report: dict[str, Any]) -> Figure | None:
    """None where no trial was started."""
    timeline = report["timeline"]
    bars, lanes = timeline["bars"], timeline["lanes"]
    if not lanes or timeline["end"] <= timeline["start"]:
        return None
    data = []
    for state in ("completed", "stopped", "paused", "running", "waiting", "failed", "retried"):
        chosen = [i for i, each in enumerate(bars["state"]) if each == state]
        if chosen:
            data.append(_bars(bars, chosen, state))
    names = [f"{label(lane['node'], 18)} · {lane['lane']}" for lane in lanes]
    every = max(1, len(lanes) // 40)
    shapes = [
        {
            "type": "line",
            "x0": now,
            "x1": now,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": "@text", "dash": "dot", "width": 1},
        }
        for now in timeline["resumes"]
    ]
    view = View(
        "",
        data,
        layout(
            barmode="overlay",
            bargap=0.15,
            shapes=shapes,
            xaxis=axis("seconds since the sweep began", tickformat=",~r"),
            yaxis=axis(
                "",
                tickvals=list(range(0, len(lanes), every)),
                ticktext=names[::every],
                autorange="reversed",
                showgrid=False,
            ),
        ),
    )
    busy = (
        f", busy {percent(timeline['utilisation'])} of the time"
        if timeline["utilisation"] is not None
        else ""
    )
    alt = (
        f"Timeline of {timeline['total']:,} attempts on {len(lanes):,} workers "
        f"over {duration(timeline['end'] - timeline['start'])}{busy}."
    )
    notes = []
    if len(bars["lane"]) < timeline["total"]:
        notes.append(f"{len(bars['lane']):,} of {timeline['total']:,} attempts are drawn, evenly chosen.")
    if timeline["resumes"]:
        notes.append("Dotted lines: the sweep was resumed.")
    return Figure("timeline", alt, [view], min(640, 130 + 26 * len(lanes)), note=" ".join(notes))


def _bars(bars: dict[str, Any], chosen: list[int], state: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": state,
        "y": [bars["lane"][i] for i in chosen],
        "base": [bars["start"][i] for i in chosen],
        "x": [bars["end"][i] - bars["start"][i] for i in chosen],
        "hovertext": [
            f"{bars['trial'][i]}, attempt {bars['attempt'][i]}: {state}<br>"
            f"from {duration(bars['start'][i])}, for {duration(bars['end'][i] - bars['start'][i])}<br>process {bars['pid'][i]}"
            for i in chosen
        ],
        "hoverinfo": "text",
        "marker": {"color": state_colour(state), "line": {"color": "@card", "width": 1}},
    }
