"""What the fresh seeds gave: each value, each mean with its interval, and what the search had promised."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import number
from search.report.figures.base import Figure, View, axis, label, layout

__all__ = ["confirmation_figure"]


def confirmation_figure(report: dict[str, Any]) -> Figure | None:
    """None without a confirmation, or before it has a value."""
    found, metric = report["confirmation"], report["facts"]["metric"]
    if found is None:
        return None
    configs = [each for each in found["configs"] if each["mean"] is not None]
    if not configs:
        return None
    names = [label(each["label"]) for each in configs]
    view = View(
        "",
        [
            _values(configs, names, metric, found["over"].removesuffix("s")),
            _means(configs, names, metric),
            _promised(configs, names, metric),
        ],
        layout(
            xaxis=axis(label(metric)),
            yaxis=axis("", autorange="reversed", type="category", automargin=True),
            margin={"l": 80, "r": 16, "t": 36, "b": 48},
        ),
    )
    told = "; ".join(f"{each['label']} {number(each['mean'])}" for each in configs[:12])
    return Figure(
        "confirmation",
        f"Mean {metric} over {'fresh seeds' if found['over'] == 'seeds' else 'folds'}: {told}.",
        [view],
        130 + 46 * len(configs),
    )


def _values(configs: list[dict[str, Any]], names: list[str], metric: str, unit: str) -> dict[str, Any]:
    points = [
        (value, name, f"{name}, {unit} {turn + 1}<br>{label(metric)} {number(value, 5)}")
        for each, name in zip(configs, names, strict=True)
        for turn, value in enumerate(each["values"])
        if value is not None
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"one {unit}",
        "x": [value for value, _, _ in points],
        "y": [name for _, name, _ in points],
        "hovertext": [text for _, _, text in points],
        "hoverinfo": "text",
        "marker": {"color": "@muted", "size": 7, "opacity": 0.6},
    }


def _means(configs: list[dict[str, Any]], names: list[str], metric: str) -> dict[str, Any]:
    reach = [
        (each["interval"][1] - each["mean"]) if each["interval"] is not None else 0.0 for each in configs
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "mean and 95 % interval",
        "x": [each["mean"] for each in configs],
        "y": names,
        "error_x": {"type": "data", "array": reach, "color": "@accent", "thickness": 2, "width": 6},
        "hovertext": [
            f"{name}<br>mean {label(metric)} {number(each['mean'], 5)}"
            for each, name in zip(configs, names, strict=True)
        ],
        "hoverinfo": "text",
        "marker": {"color": "@accent", "size": 11},
    }


def _promised(configs: list[dict[str, Any]], names: list[str], metric: str) -> dict[str, Any]:
    kept = [(each, name) for each, name in zip(configs, names, strict=True) if each["promised"] is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "promised by the search",
        "x": [each["promised"] for each, _ in kept],
        "y": [name for _, name in kept],
        "hovertext": [
            f"{name}<br>promised {label(metric)} {number(each['promised'], 5)}" for each, name in kept
        ],
        "hoverinfo": "text",
        "marker": {"color": "@second", "symbol": "diamond-open", "size": 11, "line": {"width": 2}},
    }
