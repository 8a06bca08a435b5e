"""Two parameters at a time: the typical value around each place, and the trials that say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.analysis.numbers import number
from search.report.figures.base import Figure, View, axis, jitter, label, layout, ticks_of

__all__ = ["contour_figures"]

_SHADES = 5
_ROOM = 0.04  # of an axis, beyond its bounds: a trial at a bound is seen whole


def contour_figures(report: dict[str, Any]) -> list[Figure]:
    """One for each pair; [] where no importance says which parameters to show."""
    metric, goal = report["facts"]["metric"], report["facts"]["goal"]
    return [
        _figure(pair, position, metric, goal) for position, pair in enumerate(report["contours"]["pairs"])
    ]


def _figure(pair: dict[str, Any], position: int, metric: str, goal: str) -> Figure:
    x, y, points = pair["x"], pair["y"], pair["points"]
    values = points["value"]
    low, high = _span(values, goal)
    colours = {
        "colorscale": _scale(goal),
        "colorbar": {"thickness": 8, "outlinewidth": 0, "tickfont": {"color": "@soft"}, "nticks": 5},
    }
    data: list[dict[str, Any]] = []
    if pair["surface"]:
        data.append(
            {
                "type": "contour",
                "x": pair["surface"]["x"],
                "y": pair["surface"]["y"],
                "z": pair["surface"]["value"],
                "zmin": low,
                "zmax": high,
                "ncontours": 12,
                "line": {"width": 0.5, "color": "@card"},
                "contours": {"coloring": "fill"},
                "connectgaps": False,
                "hoverinfo": "skip",
                **colours,
            }
        )
    data.append(_points(pair, metric, (low, high), colours, alone=not pair["surface"]))
    view = View(
        "",
        data,
        layout(
            showlegend=False,
            margin={"l": 56, "r": 8, "t": 8, "b": 44},
            xaxis=axis(label(x["parameter"]), **ticks_of(x, room=_ROOM)),
            yaxis=axis(label(y["parameter"]), **ticks_of(y, room=_ROOM)),
        ),
    )
    best = (min if goal == "minimize" else max)(range(len(values)), key=values.__getitem__)
    alt = (
        f"{metric} over {x['parameter']} and {y['parameter']}, {len(values):,} trials; the best is at "
        f"{_spell(x, points['x'][best])} and {_spell(y, points['y'][best])}."
    )
    note = ""
    if not pair["surface"]:
        note = (
            "Trials alone: between choices there is nothing to interpolate."
            if "choice" in (x["scale"], y["scale"])
            else "Trials alone: too few different values to interpolate."
        )
    title = f"{x['parameter']} × {y['parameter']}"
    return Figure(f"contour-{position}", alt, [view], 320, note=note, title=title)


def _span(values: Sequence[float], goal: str) -> tuple[float, float]:
    """The values that the colours tell apart: of the better three quarters, where what is worse would take most of them."""
    ordered = sorted(values, reverse=goal == "maximize")
    best, most = ordered[0], ordered[min(len(ordered) - 1, round(0.75 * len(ordered)))]
    worst = ordered[-1]
    edge = worst if abs(worst - best) <= 2 * abs(most - best) else most
    return (min(best, edge), max(best, edge)) if best != edge else (min(values), max(values))


def _points(
    pair: dict[str, Any], metric: str, span: tuple[float, float], colours: dict[str, Any], alone: bool
) -> dict[str, Any]:
    x, y, points = pair["x"], pair["y"], pair["points"]
    marker: dict[str, Any] = {
        "size": 6 if len(points["value"]) <= 300 else 3,
        "color": points["value"],
        "cmin": span[0],
        "cmax": span[1],
        "showscale": alone,
        "line": {"width": 1, "color": "@text" if alone else "@card"},
        **colours,
    }
    return {
        "type": "scatter",
        "mode": "markers",
        "x": _spread(x, points["x"], points["trial"], 0.6180339887),
        "y": _spread(y, points["y"], points["trial"], 0.7548776662),
        "hovertext": [
            f"{trial}, {state}<br>{label(x['parameter'])} = {label(_spell(x, a))}<br>"
            f"{label(y['parameter'])} = {label(_spell(y, b))}<br>{label(metric)} {number(value, 5)}"
            for trial, state, a, b, value in zip(
                *(points[key] for key in ("trial", "state", "x", "y", "value")), strict=True
            )
        ],
        "hoverinfo": "text",
        "marker": marker,
    }


def _spread(
    axis_: dict[str, Any], places: Sequence[float], trials: Sequence[str], ratio: float
) -> list[float]:
    if axis_["scale"] != "choice":
        return list(places)
    return [place + jitter(trial, ratio) for place, trial in zip(places, trials, strict=True)]


def _scale(goal: str) -> list[list[Any]]:
    """From 0 to 1; the better, the stronger."""
    shades = range(_SHADES) if goal == "maximize" else range(_SHADES - 1, -1, -1)
    return [[position / (_SHADES - 1), f"@scale{shade}"] for position, shade in enumerate(shades)]


def _spell(axis_: dict[str, Any], place: float) -> str:
    return str(axis_["choices"][int(place)]) if axis_["scale"] == "choice" else number(place, 4)
