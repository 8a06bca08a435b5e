"""Best so far, and the best value of every trial: by trial, by steps spent, by time."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import number
from search.report.figures.base import (
    STATES,
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

__all__ = ["history_figure"]

_UNITS = (
    ("trial", "By trial", "trial"),
    ("steps", "By steps", "steps spent"),
    ("seconds", "By time", "seconds"),
)


def history_figure(report: dict[str, Any]) -> Figure | None:
    """None where no trial has a value."""
    history, metric, goal = report["history"], report["facts"]["metric"], report["facts"]["goal"]
    points = history["trials"]
    if not points["value"]:
        return None
    span = focus(points["value"], goal)
    views = []
    for unit, title, spelled in _UNITS:
        data = [_points(points, unit, state, metric) for state in STATES if state in points["state"]]
        data.append(_best(history, unit))
        if report["facts"]["target"] is not None:
            data.append(_target(report["facts"]["target"], _end(history, unit)))
        value_axis = axis(label(metric), range=list(span) if span else None, autorange=span is None)
        if unit == "seconds":
            across = axis(spelled, rangemode="tozero", tickformat=",~r")
        else:
            across = whole(spelled, _end(history, unit), rangemode="tozero" if unit == "steps" else "normal")
        views.append(View(title, data, layout(xaxis=across, yaxis=value_axis)))
    best = history["by_trial"]["value"][-1]
    alt = (
        f"Best {metric} so far. It went from {number(points['value'][0])} to {number(best)} over "
        f"{len(points['value']):,} trials with a value, improving {len(history['by_trial']['value']) - 1:,} times."
    )
    log = ("yaxis",) if min(points["value"]) > 0 else ()
    note = beyond(points["value"], span)
    return Figure("history", alt, views, 380, log=log, note=note, switch="What the horizontal axis counts")


def _points(points: dict[str, Any], unit: str, state: str, metric: str) -> dict[str, Any]:
    chosen = [i for i, each in enumerate(points["state"]) if each == state]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": state,
        "x": [points[unit][i] for i in chosen],
        "y": [points["value"][i] for i in chosen],
        "hovertext": [
            f"t{points['trial'][i] - 1:05d}, {state}<br>{label(metric)} {number(points['value'][i], 5)}"
            for i in chosen
        ],
        "hoverinfo": "text",
        "marker": {"color": state_colour(state), "symbol": SYMBOLS[state], "size": 7, "opacity": 0.75},
    }


def _best(history: dict[str, Any], unit: str) -> dict[str, Any]:
    if unit == "trial":
        x, y = list(history["by_trial"]["trial"]), list(history["by_trial"]["value"])
    else:
        x, y = list(history["improvements"][unit]), list(history["improvements"]["value"])
    end = _end(history, unit)
    if x and end > x[-1]:
        x.append(end)
        y.append(y[-1])
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "best so far",
        "x": x,
        "y": y,
        "line": {"shape": "hv", "width": 2.5, "color": "@accent"},
        "hovertext": [f"best so far {number(value, 5)}" for value in y],
        "hoverinfo": "text",
    }


def _target(target: float, end: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "target",
        "x": [0, end],
        "y": [target, target],
        "line": {"dash": "dash", "width": 1.5, "color": "@soft"},
        "hoverinfo": "name",
    }


def _end(history: dict[str, Any], unit: str) -> float:
    return float({"trial": history["asked"], "steps": history["steps"], "seconds": history["seconds"]}[unit])
