"""One small figure per parameter: values over it on its own scale, and the best found along it."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import number
from search.report.figures.base import (
    STATES,
    SYMBOLS,
    Figure,
    View,
    axis,
    focus,
    jitter,
    label,
    layout,
    state_colour,
    ticks_of,
)

__all__ = ["slice_figures"]


def slice_figures(report: dict[str, Any]) -> list[Figure]:
    """In the order of importance where it is known, else of the space; [] where no trial has a value."""
    if not report["slices"]["total"]:
        return []
    shares = {
        share["parameter"]: share["share"]
        for method in report["importance"]["methods"][:1]
        for share in method["shares"]
    }
    parameters = sorted(report["slices"]["parameters"], key=lambda each: -shares.get(each["parameter"], 0.0))
    span = focus(report["history"]["trials"]["value"], report["facts"]["goal"], share=0.75, times=2.5)
    return [
        _slice(each, position, report["facts"]["metric"], span)
        for position, each in enumerate(parameters)
        if each["points"]["value"]
    ]


def _slice(each: dict[str, Any], position: int, metric: str, span: tuple[float, float] | None) -> Figure:
    choice = each["scale"] == "choice"
    points = each["points"]
    many = len(points["value"]) > 300
    data = []
    for state in STATES:
        chosen = [i for i, s in enumerate(points["state"]) if s == state]
        if not chosen:
            continue
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": state,
                "x": [points["place"][i] + (jitter(points["trial"][i]) if choice else 0) for i in chosen],
                "y": [points["value"][i] for i in chosen],
                "hovertext": [_hover(each, points, i, metric) for i in chosen],
                "hoverinfo": "text",
                "marker": {
                    "color": state_colour(state),
                    "symbol": SYMBOLS[state],
                    "size": 4 if many else 6,
                    "opacity": 0.4 if many else 0.7,
                },
            }
        )
    data.append(_envelope(each))
    view = View(
        "",
        data,
        layout(
            showlegend=False,
            margin={"l": 56, "r": 10, "t": 8, "b": 26},
            xaxis=axis("", **ticks_of(each)),
            yaxis=axis("", nticks=5, **({"range": list(span)} if span else {"autorange": True})),
        ),
    )
    parameter = each["parameter"]
    best = min(range(len(points["value"])), key=lambda i: i)
    alt = f"{metric} over {parameter}, {len(points['value']):,} trials; the best is at {_spell(each, points['place'][best])}."
    return Figure(f"slice-{position}", alt, [view], 230, title=parameter)


def _envelope(each: dict[str, Any]) -> dict[str, Any]:
    x: list[float | None] = []
    y: list[float | None] = []
    text: list[str] = []
    envelope = each["envelope"]
    for low, high, value, trials in zip(
        *(envelope[key] for key in ("low", "high", "value", "trials")), strict=True
    ):
        if x and x[-1] is not None and x[-1] < low:  # cells without a trial lie between
            x.append(None)
            y.append(None)
            text.append("")
        x += [low, high]
        y += [value, value]
        hover = f"best of {trials:,} here: {number(value, 5)}"
        text += [hover, hover]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "best found here",
        "x": x,
        "y": y,
        "hovertext": text,
        "hoverinfo": "text",
        "line": {"color": "@accent", "width": 2.5},
    }


def _hover(each: dict[str, Any], points: dict[str, Any], i: int, metric: str) -> str:
    place = _spell(each, points["place"][i])
    return (
        f"{points['trial'][i]}, {points['state'][i]}<br>{label(each['parameter'])} = {label(place)}<br>"
        f"{label(metric)} {number(points['value'][i], 5)}"
    )


def _spell(each: dict[str, Any], place: float) -> str:
    return str(each["choices"][int(place)]) if each["scale"] == "choice" else number(place, 4)
