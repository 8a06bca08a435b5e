"""Learning curves: the best stands out, stopped ones fade."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import number
from search.report.figures.base import (
    SYMBOLS,
    Figure,
    View,
    axis,
    beyond,
    focus,
    label,
    layout,
    state_colour,
    whole,
)

__all__ = ["curves_figure"]

_STYLE = {
    "completed": (0.55, 1.3),
    "stopped": (0.75, 1.0),
    "paused": (0.75, 1.0),
    "running": (0.8, 1.3),
    "failed": (0.6, 1.0),
}


def curves_figure(report: dict[str, Any]) -> Figure | None:
    """None where no curve has two points: a curve of one point is in the history already."""
    curves, metric, goal = report["curves"]["curves"], report["facts"]["metric"], report["facts"]["goal"]
    if not any(len(curve["steps"]) > 1 for curve in curves):
        return None
    best = next((curve for curve in curves if curve["rank"] == 1), None)
    data = []
    for state in ("failed", "stopped", "paused", "completed", "running"):
        group = [curve for curve in curves if curve["state"] == state and curve is not best]
        if group:
            data.append(_group(state, group))
    if best is not None:
        data.append(_best(best))
    values = [value for curve in curves for value in curve["values"]]
    span = focus(values, goal)
    shown, total = len(curves), report["curves"]["total"]
    notes = [beyond(values, span)]
    if shown < total:
        notes.insert(
            0, f"{shown:,} of {total:,} curves: the best ten, and an even spread over the other ranks."
        )
    first_view = {"range": list(span)} if span else {"autorange": True}
    view = View(
        "",
        data,
        layout(
            xaxis=whole(
                "step",
                max(max(curve["steps"]) for curve in curves),
                rangemode="tozero" if len(values) > len(curves) else "normal",
            ),
            yaxis=axis(label(metric), **first_view),
        ),
    )
    alt = f"Learning curves of {shown:,} trials: {metric} over steps, up to step {report['curves']['max_steps']:,}."
    if best is not None:
        alt += f" The best, {best['trial']}, goes from {number(best['values'][0])} to {number(best['values'][-1])}."
    log = (("yaxis",) if min(values) > 0 else ()) + ("xaxis",)
    return Figure("curves", alt, [view], 420, log=log, note=" ".join(note for note in notes if note))


def _group(state: str, group: list[dict[str, Any]]) -> dict[str, Any]:
    """All curves of one state as a single trace with gaps: a hundred traces would be slow and fill the legend."""
    opacity, width = _STYLE[state]
    x: list[int | None] = []
    y: list[float | None] = []
    text: list[str] = []
    ends: list[int] = []  # only the last point of a curve is marked: where it was stopped
    for curve in group:
        rank = f"rank {curve['rank']:,}" if curve["rank"] else state
        for step, value in zip(curve["steps"], curve["values"], strict=True):
            x.append(step)
            y.append(value)
            text.append(f"{curve['trial']}, {rank}<br>step {step:,}: {number(value, 5)}")
        ends += [0] * (len(curve["steps"]) - 1) + [6, 0]
        x.append(None)
        y.append(None)
        text.append("")
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": f"{state} ({len(group):,})",
        "x": x,
        "y": y,
        "hovertext": text,
        "hoverinfo": "text",
        "opacity": opacity,
        "connectgaps": False,
        "line": {"color": state_colour(state), "width": width},
        "marker": {
            "color": state_colour(state),
            "symbol": SYMBOLS[state],
            "size": ends,
            "line": {"width": 0},
        },
    }


def _best(curve: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(curve["steps"]) <= 60 else "lines",
        "name": f"best: {curve['trial']}",
        "x": curve["steps"],
        "y": curve["values"],
        "hovertext": [
            f"{curve['trial']}, the best<br>step {step:,}: {number(value, 5)}"
            for step, value in zip(curve["steps"], curve["values"], strict=True)
        ],
        "hoverinfo": "text",
        "line": {"color": "@accent", "width": 3},
        "marker": {"color": "@accent", "size": 5},
    }
