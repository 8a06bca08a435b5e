"""The best configs over their folds or seeds: each value, and each mean with its interval."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import number
from search.report.figures.base import Figure, View, axis, label, layout

__all__ = ["repeats_figure"]

SHOWN = 20


def repeats_figure(report: dict[str, Any]) -> Figure | None:
    """None where steps are steps of one training, or before there is a value."""
    found, metric = report["repeats"], report["facts"]["metric"]
    if found is None:
        return None
    every = [each for each in found["configs"] if each["mean"] is not None]
    configs = every[:SHOWN]
    if not configs:
        return None
    unit = found["over"].removesuffix("s")
    view = View(
        "",
        [_values(configs, metric, unit), _means(configs, metric)],
        layout(
            xaxis=axis(label(metric)),
            yaxis=axis("", autorange="reversed", type="category", automargin=True),
            margin={"l": 80, "r": 16, "t": 36, "b": 48},
        ),
    )
    told = "; ".join(f"{each['trial']} {number(each['mean'])}{_reach(each)}" for each in configs[:12])
    more = len(every) - len(configs)
    return Figure(
        "repeats",
        f"Mean {metric} over {found['over']}, best first: {told}.",
        [view],
        130 + 26 * len(configs),
        note=f"The best {SHOWN} of {len(every):,} trials." if more else "",
    )


def _reach(config: dict[str, Any]) -> str:
    """Half the interval, as it is spoken."""
    if config["interval"] is None:
        return ""
    low, high = config["interval"]
    return f" plus or minus {number((high - low) / 2, 2)}"


def _values(configs: list[dict[str, Any]], metric: str, unit: str) -> dict[str, Any]:
    points = [
        (value, each["trial"], f"{each['trial']}, {unit} {turn}<br>{label(metric)} {number(value, 5)}")
        for each in configs
        for turn, value in enumerate(each["values"], start=1)
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"one {unit}",
        "x": [value for value, _, _ in points],
        "y": [trial for _, trial, _ in points],
        "hovertext": [text for _, _, text in points],
        "hoverinfo": "text",
        "marker": {"color": "@muted", "size": 6, "opacity": 0.6},
    }


def _means(configs: list[dict[str, Any]], metric: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "mean and 95 % interval",
        "x": [each["mean"] for each in configs],
        "y": [each["trial"] for each in configs],
        "error_x": {
            "type": "data",
            "array": [each["interval"][1] - each["mean"] if each["interval"] else 0.0 for each in configs],
            "color": "@accent",
            "thickness": 2,
            "width": 5,
        },
        "hovertext": [
            f"{each['trial']}<br>mean {label(metric)} {number(each['mean'], 5)}{_reach(each)}"
            for each in configs
        ],
        "hoverinfo": "text",
        "marker": {"color": "@accent", "size": 9},
    }
