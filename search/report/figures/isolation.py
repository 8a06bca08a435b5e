"""The values of a parameter against each other, everything else tuned: at equal effort, and by effort."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import number
from search.report.figures.base import Figure, View, axis, focus, label, layout

__all__ = ["isolation_figures"]

_LINES = 8  # groups with a line of their own in the view by effort: there are as many colours


def isolation_figures(report: dict[str, Any]) -> list[Figure]:
    """One for each comparison that has a value, in their order."""
    return [
        _figure(each, position, report["facts"]["metric"], report["facts"]["goal"])
        for position, each in enumerate(report["isolation"]["comparisons"])
        if any(group["counted"] for group in each["groups"])
    ]


def _figure(each: dict[str, Any], position: int, metric: str, goal: str) -> Figure:
    groups = each["groups"]
    names = _names(groups)
    span = focus([value for group in groups for value in group["points"]], goal)
    by_value = View(
        "At equal effort",
        [_points(groups, names, metric), _bests(groups, names, metric), _expected(each, names, metric)],
        layout(
            xaxis=axis(label(metric), nticks=6, **({"range": list(span)} if span else {})),
            yaxis=axis(
                "", type="category", categoryorder="array", categoryarray=names[::-1], automargin=True
            ),
            margin={"l": 70, "r": 16, "t": 44, "b": 44},
        ),
    )
    views = [by_value]
    lines = [
        trace
        for place, group in enumerate(_leading(groups, goal))
        for trace in _line(group, names[groups.index(group)], place, metric)
    ]
    if lines:
        views.append(
            View(
                "By effort",
                lines,
                layout(
                    xaxis=axis("trials of one value", type="log", dtick="D2"),
                    yaxis=axis(label(metric), nticks=6),
                    margin={"l": 64, "r": 16, "t": 44, "b": 44},
                ),
            )
        )
    told = "; ".join(
        f"{group['label']} {number(group['expected'])}"
        for group in groups[:12]
        if group["expected"] is not None
    )
    title = " and ".join(each["parameters"])
    at = f"Expected best {metric} of {each['effort']} trials each" if told else f"Best {metric}"
    alt = f"{at}, by {title}: {told or 'too few trials to compare'}."
    height = max(260, 110 + 34 * len(groups))
    return Figure(f"isolation-{position}", alt, views, height)


def _names(groups: list[dict[str, Any]]) -> list[str]:
    """The labels as ticks, each with its number of trials; equal ones after shortening are told apart."""
    names: list[str] = []
    for group in groups:
        name = f"{label(group['label'], 24)} ({group['counted']:,})"
        while name in names:
            name += " "
        names.append(name)
    return names


def _points(groups: list[dict[str, Any]], names: list[str], metric: str) -> dict[str, Any]:
    points = [(value, name) for group, name in zip(groups, names, strict=True) for value in group["points"]]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "one trial",
        "x": [value for value, _ in points],
        "y": [name for _, name in points],
        "hovertext": [f"{name}<br>{label(metric)} {number(value, 5)}" for value, name in points],
        "hoverinfo": "text",
        "marker": {"color": "@muted", "size": 7, "opacity": 0.45, "symbol": "line-ns-open"},
    }


def _bests(groups: list[dict[str, Any]], names: list[str], metric: str) -> dict[str, Any]:
    kept = [(group, name) for group, name in zip(groups, names, strict=True) if group["best"] is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "best found",
        "x": [group["best"] for group, _ in kept],
        "y": [name for _, name in kept],
        "hovertext": [
            f"{name}<br>best {label(metric)} {number(group['best'], 5)}, {group['trial']}"
            for group, name in kept
        ],
        "hoverinfo": "text",
        "marker": {"color": "@second", "size": 10, "symbol": "diamond-open", "line": {"width": 2}},
    }


def _expected(each: dict[str, Any], names: list[str], metric: str) -> dict[str, Any]:
    kept = [
        (group, name)
        for group, name in zip(each["groups"], names, strict=True)
        if group["expected"] is not None
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"expected best of {each['effort']:,}, 95 %" if kept else "expected best",
        "x": [group["expected"] for group, _ in kept],
        "y": [name for _, name in kept],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [group["interval"][1] - group["expected"] for group, _ in kept],
            "arrayminus": [group["expected"] - group["interval"][0] for group, _ in kept],
            "color": "@accent",
            "thickness": 2,
            "width": 6,
        },
        "hovertext": [
            f"{name}<br>expected best {label(metric)} of {each['effort']:,} trials {number(group['expected'], 5)}<br>"
            f"95 % {number(group['interval'][0])} to {number(group['interval'][1])}"
            for group, name in kept
        ],
        "hoverinfo": "text",
        "marker": {"color": "@accent", "size": 11},
    }


def _leading(groups: list[dict[str, Any]], goal: str) -> list[dict[str, Any]]:
    """The groups with a curve, at most as many as there are colours: the best ones, in the order of the values."""
    drawn = [group for group in groups if group["curve"] is not None]
    best = sorted(drawn, key=lambda group: float(group["best"]), reverse=goal == "maximize")[:_LINES]
    return [group for group in drawn if group in best]


def _line(group: dict[str, Any], name: str, place: int, metric: str) -> list[dict[str, Any]]:
    curve, colour = group["curve"], f"@run{place}"
    ends = {
        "type": "scatter",
        "mode": "lines",
        "x": [*curve["effort"], *reversed(curve["effort"])],
        "y": [*curve["high"], *reversed(curve["low"])],
        "fill": "toself",
        "fillcolor": colour,
        "opacity": 0.14,
        "line": {"width": 0, "color": colour},
        "hoverinfo": "skip",
        "showlegend": False,
        "legendgroup": name,
    }
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "legendgroup": name,
        "x": curve["effort"],
        "y": curve["expected"],
        "hovertext": [
            f"{name}<br>expected best {label(metric)} of {effort:,} trials {number(value, 5)}<br>95 % {number(low)} to {number(high)}"
            for effort, value, low, high in zip(
                curve["effort"], curve["expected"], curve["low"], curve["high"], strict=True
            )
        ],
        "hoverinfo": "text",
        "line": {"color": colour, "width": 2},
        "marker": {"size": 5, "color": colour},
    }
    return [ends, line]
