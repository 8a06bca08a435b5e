"""The figures of the monitor's page, in the form and the look of the report's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deploy.monitoring.drift import LARGE, SMALL
from search.report.figures.base import Figure, View, axis, label, layout

__all__ = ["column_figures", "correctness_figure", "drift_figure", "latency_figure", "trouble_figure"]

LINES = 8
"""Columns that are drawn: those that are furthest away now."""


def drift_figure(contents: Mapping[str, Any]) -> Figure | None:
    """PSI of each column over the windows; None where there is nothing to draw."""
    windows = contents["windows"]
    newest = [*contents["newest"]["columns"], *contents["newest"]["outputs"]]
    shown = sorted(newest, key=lambda each: -each["psi"])[:LINES]
    if not shown:
        return None
    data = []
    for i, each in enumerate(shown):
        found = [
            next((c["psi"] for c in (*w["columns"], *w["outputs"]) if c["name"] == each["name"]), None)
            for w in windows
        ]
        data.append(_line(label(each["name"]), windows, found, f"@run{i}"))
    shapes = [_level(LARGE, "@failed"), _level(SMALL, "@second")]
    view = View("", data, layout(shapes=shapes, xaxis=_time(), yaxis=axis("PSI", rangemode="tozero")))
    note = "Dotted: 0.1, worth a look; 0.25, large."
    if len(newest) > len(shown):
        note += f" The {len(shown)} columns that are furthest away are drawn, of {len(newest)}."
    worst = shown[0]
    alt = f"Drift of {len(shown)} columns over {len(windows)} windows; {worst['name']} is furthest away: PSI {worst['psi']:.3g}."
    return Figure("drift", alt, [view], 320, ("yaxis",), note=note)


def latency_figure(contents: Mapping[str, Any]) -> Figure | None:
    """Quantiles of the latency over the windows."""
    windows = [each for each in contents["windows"] if each["service"]["p50"] is not None]
    if not windows:
        return None
    names = (("p50", "half of them", "@run0"), ("p95", "95 in 100", "@run1"), ("p99", "99 in 100", "@run6"))
    data = [_line(said, windows, [w["service"][key] for w in windows], colour) for key, said, colour in names]
    view = View("", data, layout(xaxis=_time(), yaxis=axis("milliseconds", rangemode="tozero")))
    return Figure("latency", f"Latency over {len(windows)} windows.", [view], 280, ("yaxis",))


def trouble_figure(contents: Mapping[str, Any]) -> Figure | None:
    """Shares of requests that were refused or failed."""
    windows = contents["windows"]
    if not windows:
        return None
    data = [
        _line("refused (4xx)", windows, [w["service"]["refused"] for w in windows], "@run1"),
        _line("failed (5xx)", windows, [w["service"]["failed"] for w in windows], "@run6"),
    ]
    view = View(
        "", data, layout(xaxis=_time(), yaxis=axis("share of requests", rangemode="tozero", tickformat=".1%"))
    )
    return Figure("trouble", f"Refused and failed requests over {len(windows)} windows.", [view], 280)


def correctness_figure(contents: Mapping[str, Any]) -> Figure | None:
    """Accuracy with its interval, or the mean absolute error, of the windows with labels."""
    key = "mae" if contents["task"] != "classification" else "accuracy"
    windows = [each for each in contents["windows"] if key in each["correctness"]]
    if not windows:
        return None
    line = _line(key, windows, [w["correctness"][key] for w in windows], "@run0")
    if key == "accuracy":
        found = [w["correctness"] for w in windows]
        line["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [each["accuracy_high"] - each["accuracy"] for each in found],
            "arrayminus": [each["accuracy"] - each["accuracy_low"] for each in found],
            "color": "@run0",
        }
    view = View("", [line], layout(showlegend=False, xaxis=_time(), yaxis=axis(key)))
    return Figure("correctness", f"The {key} over {len(windows)} windows with labels.", [view], 280)


def column_figures(contents: Mapping[str, Any]) -> list[Figure]:
    """Training beside the newest window, bin by bin, of the columns that are furthest away."""
    newest = [*contents["newest"]["columns"], *contents["newest"]["outputs"]]
    shown = [each for each in sorted(newest, key=lambda each: -each["psi"]) if each["verdict"] != "steady"][
        :LINES
    ]
    return [_bars(i, each) for i, each in enumerate(shown)]


def _bars(i: int, column: Mapping[str, Any]) -> Figure:
    keep = [j for j, (a, b) in enumerate(zip(column["before"], column["now"], strict=True)) if a or b]
    names = [label(column["bins"][j], 20) for j in keep]
    data = [
        {
            "type": "bar",
            "name": said,
            "x": names,
            "y": [column[key][j] for j in keep],
            "marker": {"color": colour},
        }
        for key, said, colour in (("before", "training", "@stopped"), ("now", "now", "@run0"))
    ]
    view = View(
        "",
        data,
        layout(barmode="group", xaxis=axis("", type="category"), yaxis=axis("share", tickformat=".0%")),
    )
    alt = f"{column['name']} in training and now: PSI {column['psi']:.3g}."
    return Figure(f"column-{i}", alt, [view], 280, title=f"{column['name']}: {column['verdict']}")


def _line(
    name: str, windows: Sequence[Mapping[str, Any]], values: Sequence[Any], colour: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [window["to"] for window in windows],
        "y": list(values),
        "line": {"color": colour, "width": 2},
        "marker": {"color": colour, "size": 5},
    }


def _time() -> dict[str, Any]:
    return axis("end of the window, UTC", type="date")


def _level(at: float, colour: str) -> dict[str, Any]:
    line = {"color": colour, "dash": "dot", "width": 1}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at, "y1": at, "line": line}
