"""Best so far of several sweeps: by steps, by time, by trial."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import number
from search.report.figures.base import Figure, View, axis, beyond, focus, label, layout, whole

__all__ = ["COLOURS", "anytime_figure"]

COLOURS = 8
"""Colours that page.css has for runs; a ninth group begins again with another dash."""

_UNITS = (
    ("steps", "By steps", "steps spent"),
    ("seconds", "By time", "seconds"),
    ("trial", "By trial", "trial"),
)
_DASHES = ("solid", "dash", "dot")


def anytime_figure(comparison: dict[str, Any]) -> Figure | None:
    """None where no run has a value. Runs of one group share a colour."""
    rows, curves, groups = comparison["rows"], comparison["curves"], comparison["groups"]
    drawn = [position for position, curve in enumerate(curves) if curve["value"]]
    if not drawn:
        return None
    metric, goal = rows[0]["metric"], rows[0]["goal"]
    place = {position: i for i, group in enumerate(groups) for position in group["runs"]}
    values = [value for position in drawn for value in curves[position]["value"]]
    span = focus(values, goal)
    views = []
    for unit, title, spelled in _UNITS:
        data = [_line(curves[i], unit, rows[i]["name"], place[i], len(groups) == len(rows)) for i in drawn]
        end = max(curves[i]["end"][unit] for i in drawn)
        across = (
            axis(spelled, rangemode="tozero", tickformat=",~r") if unit == "seconds" else whole(spelled, end)
        )
        value_axis = axis(label(metric), range=list(span) if span else None, autorange=span is None)
        views.append(View(title, data, layout(xaxis=across, yaxis=value_axis)))
    ends = ", ".join(f"{rows[i]['name']} {number(curves[i]['value'][-1])}" for i in drawn[:12])
    log = ("yaxis",) if min(values) > 0 else ()
    return Figure(
        "anytime",
        f"Best {metric} so far of each run; at the end: {ends}.",
        views,
        420,
        log=log,
        note=beyond(values, span),
    )


def _line(curve: dict[str, Any], unit: str, name: str, group: int, alone: bool) -> dict[str, Any]:
    x, y = list(curve[unit]), list(curve["value"])
    if curve["end"][unit] > x[-1]:
        x.append(curve["end"][unit])
        y.append(y[-1])
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(name),
        "x": x,
        "y": y,
        "hovertext": [f"{label(name)}<br>{number(value, 5)}" for value in y],
        "hoverinfo": "text",
        "opacity": 1.0 if alone else 0.75,
        "line": {
            "shape": "hv",
            "width": 2.5 if alone else 1.6,
            "color": f"@run{group % COLOURS}",
            "dash": _DASHES[group // COLOURS % len(_DASHES)],
        },
    }
