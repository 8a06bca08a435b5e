"""Best so far, and the best value of every trial: by trial, by steps spent, by time."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import number
from search.analysis.thinning import evenly
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

POINTS = 3000
_UNITS = (
    ("trial", "By trial", "trial"),
    ("steps", "By steps", "steps spent"),
    ("seconds", "By time", "seconds"),
)


def history_figure(report: dict[str, Any]) -> Figure | None:
    """None where no trial has a value."""
    history, metric, goal = report["history"], report["facts"]["metric"], report["facts"]["goal"]
    every = history["trials"]
    if not every["value"]:
        return None
    span = focus(every["value"], goal)
    points = _thinned(history)
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
        f"Best {metric} so far. It went from {number(every['value'][0])} to {number(best)} over "
        f"{len(every['value']):,} trials with a value, improving {len(history['by_trial']['value']) - 1:,} times."
    )
    log = ("yaxis",) if min(every["value"]) > 0 else ()
    notes = [beyond(every["value"], span)]
    if len(points["value"]) < len(every["value"]):
        drawn, total = len(points["value"]), len(every["value"])
        notes.insert(
            0,
            f"{drawn:,} of {total:,} trials: those that improved on the best, and an even spread of the others.",
        )
    note = " ".join(text for text in notes if text)
    return Figure("history", alt, views, 380, log=log, note=note, switch="What the horizontal axis counts")


def _thinned(history: dict[str, Any]) -> dict[str, list[Any]]:
    """At most about `POINTS` of the trials, in their order."""
    points: dict[str, list[Any]] = history["trials"]
    count = len(points["value"])
    if count <= POINTS:
        return points
    better = {*history["by_trial"]["trial"], *history["improvements"]["trial"]}
    keep = {*evenly(count, POINTS), *(i for i, number in enumerate(points["trial"]) if number in better)}
    return {key: [column[i] for i in sorted(keep)] for key, column in points.items()}


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
