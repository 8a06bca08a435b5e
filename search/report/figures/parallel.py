"""Parallel coordinates: every trial a line over all parameters, coloured by the metric; drag on an axis to filter."""

from __future__ import annotations

import math
from typing import Any

from search.report.figures.base import Figure, View, focus, label, layout, log_ticks

__all__ = ["parallel_figure"]

_INACTIVE = 0.12  # how far below its axis an inactive parameter is drawn, as a share of the axis


def parallel_figure(report: dict[str, Any]) -> Figure | None:
    """None with fewer than two trials, or without a searched parameter."""
    parallel, metric, goal = report["parallel"], report["facts"]["metric"], report["facts"]["goal"]
    values = parallel["values"]
    if len(values) < 2 or not parallel["axes"]:
        return None
    span = focus(values, goal) or (min(values), max(values))
    # Drawn worst first, so that the best lines lie on top.
    order = list(range(len(values)))[::-1]
    dimensions = [_dimension(each, order) for each in parallel["axes"]]
    dimensions.append(
        {
            "label": label(metric, 20),
            "values": [values[i] for i in order],
            "tickformat": ".4~g",
            "range": list(_room(values)),
        }
    )
    trace = {
        "type": "parcoords",
        "dimensions": dimensions,
        "line": {
            "color": [values[i] for i in order],
            "colorscale": _colours(goal),
            "cmin": span[0],
            "cmax": span[1] if span[1] > span[0] else span[0] + 1,
            "showscale": True,
            "colorbar": {
                "thickness": 10,
                "outlinewidth": 0,
                "tickfont": {"color": "@soft"},
                "tickformat": ".4~g",
                "x": 1.02,
            },
        },
        "unselected": {"line": {"color": "@grid", "opacity": 0.15}},
        "labelfont": {"color": "@text", "size": 12},
        "tickfont": {"color": "@soft", "size": 11},
        "rangefont": {"color": "@clear", "size": 1},
        "labelangle": -12,
    }
    view = View("", [trace], layout(margin={"l": 60, "r": 56, "t": 72, "b": 24}, showlegend=False))
    names = ", ".join(each["parameter"] for each in parallel["axes"])
    alt = f"Parallel coordinates of {len(values):,} trials over {names} and {metric}. The table above holds the same values."
    note = ""
    if len(values) < parallel["total"]:
        note = f"{len(values):,} of {parallel['total']:,} trials: the best half of them, and an even spread over the other ranks."
    return Figure("parallel", alt, [view], 440, min_width=110 * len(dimensions) + 120, note=note)


def _dimension(axis: dict[str, Any], order: list[int]) -> dict[str, Any]:
    places = axis["places"]
    log = axis["scale"] == "log"
    low, high = (math.log10(axis["low"]), math.log10(axis["high"])) if log else (axis["low"], axis["high"])
    if high <= low:
        low, high = low - 0.5, high + 0.5
    drawn = [None if place is None else math.log10(place) if log else place for place in places]
    dimension: dict[str, Any] = {"label": label(axis["parameter"], 20)}
    if axis["scale"] == "choice":
        ticks, texts = (
            [float(i) for i in range(len(axis["choices"]))],
            [label(c, 16) for c in axis["choices"]],
        )
    elif log:
        ticks, texts = log_ticks(axis["low"], axis["high"])
    else:
        ticks, texts = [], []
    bottom = low
    if None in drawn:
        bottom = low - _INACTIVE * (high - low) * (1 if axis["scale"] != "choice" else 2)
        if not ticks:
            ticks = [low + (high - low) * i / 4 for i in range(5)]
            texts = [f"{tick:.4g}" for tick in ticks]
        ticks, texts = [bottom, *ticks], ["inactive", *texts]
    if ticks:
        dimension |= {"tickvals": ticks, "ticktext": texts}
    else:
        dimension["tickformat"] = ",.4~g"
    dimension["values"] = [bottom if drawn[i] is None else drawn[i] for i in order]
    dimension["range"] = [bottom, high]
    return dimension


def _room(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _colours(goal: str) -> list[list[Any]]:
    """Strong for good, pale for bad, in light and dark alike."""
    names = ["@scale0", "@scale1", "@scale2", "@scale3", "@scale4"]
    if goal == "minimize":
        names.reverse()
    return [[i / 4, name] for i, name in enumerate(names)]
