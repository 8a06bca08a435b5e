"""Parallel coordinates: every trial a line over all parameters, the stronger its colour, the better.

Drawn by the page itself (page/parallel.js) as SVG. Plotly's own needs WebGL, which is missing on many machines that a
report is read on (remote desktops, virtual machines), and its lines can be neither hovered nor reached by keyboard.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from search.analysis.numbers import number
from search.report.figures.base import Figure, beyond, focus, log_ticks, round_ticks
from search.report.text import shortened

__all__ = ["parallel_figure"]


def parallel_figure(report: dict[str, Any]) -> Figure | None:
    """None with fewer than two trials, or without a searched parameter.

    Drawing: `axes`: label, title, ticks [[place, text]], places (one per line, 0 at the bottom to 1 at the top, None =
    not active); `strength` of each line, by rank: 0 the worst, 1 the
    best; `names`, its tooltip. Lines are ordered worst first.
    """
    parallel, metric, goal = report["parallel"], report["facts"]["metric"], report["facts"]["goal"]
    values = parallel["values"]
    if len(values) < 2 or not parallel["axes"]:
        return None
    span = focus(values, goal)
    low, high = span or (min(values), max(values))
    order = list(range(len(values)))[::-1]
    axes = [_axis(each, order) for each in parallel["axes"]]
    axes.append(_scaled(metric, low, high, False, [values[i] for i in order]))
    drawing = {
        "axes": axes,
        "strength": [round(i / (len(order) - 1), 4) for i in range(len(order))],
        "names": [f"{parallel['trials'][i]}: {shortened(metric, 40)} {number(values[i], 5)}" for i in order],
    }
    names = ", ".join(each["parameter"] for each in parallel["axes"])
    alt = f"Parallel coordinates of {len(values):,} trials over {names} and {metric}. The leaderboard holds the same values."
    notes = []
    if len(values) < parallel["total"]:
        notes.append(
            f"{len(values):,} of {parallel['total']:,} trials: the best, and an even spread over the other ranks."
        )
    if beyond(values, span):
        notes.append("The worst values are drawn at the end of their axis.")
    return Figure("parallel", alt, [], 420, min_width=96 * len(axes), note=" ".join(notes), parallel=drawing)


def _axis(axis: dict[str, Any], order: list[int]) -> dict[str, Any]:
    places = [axis["places"][i] for i in order]
    if axis["scale"] != "choice":
        return _scaled(axis["parameter"], axis["low"], axis["high"], axis["scale"] == "log", places)
    choices, count = axis["choices"], len(axis["choices"])
    every = max(1, count // 14)
    return {
        "label": shortened(axis["parameter"], 18),
        "title": shortened(axis["parameter"], 120),
        "ticks": [[(i + 0.5) / count, shortened(choices[i], 14)] for i in range(0, count, every)],
        "places": [None if place is None else round((place + 0.5) / count, 4) for place in places],
    }


def _scaled(name: str, low: float, high: float, log: bool, places: Sequence[float | None]) -> dict[str, Any]:
    ticks: list[list[Any]]
    if log:
        positions, texts = log_ticks(low, high)
        low, high = math.log10(low), math.log10(high)
        ticks = [[_share(at, low, high), text] for at, text in zip(positions, texts, strict=True)]
        drawn = [None if place is None else math.log10(place) for place in places]
    else:
        ticks = [[_share(at, low, high), number(at)] for at in round_ticks(low, high)]
        drawn = list(places)
    return {
        "label": shortened(name, 18),
        "title": shortened(name, 120),
        "ticks": ticks,
        "places": [None if place is None else round(_share(place, low, high), 4) for place in drawn],
    }


def _share(value: float, low: float, high: float) -> float:
    """Where `value` lies between `low` and `high`, kept in [0, 1]; the middle where they are equal."""
    return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5
