"""Training against validation: both curves of the best trials, by metric."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import number
from search.report.figures.base import Figure, View, axis, label, layout, whole

__all__ = ["fit_figure"]

SHOWN = 3  # of the trials; with more, lines cannot be told apart


def fit_figure(report: dict[str, Any]) -> Figure | None:
    """None where no metric was reported of both the training and the validation rows, or only once."""
    pairs = [
        pair
        for pair in report["fit"]["pairs"]
        if any(len([v for v in curve["train"] if v is not None]) > 1 for curve in pair["curves"])
    ]
    if not pairs:
        return None
    views = [View(pair["valid"], _data(pair), _layout(pair)) for pair in pairs]
    first = pairs[0]["curves"][0]
    alt = (
        f"{pairs[0]['valid']} and {pairs[0]['train']} over the steps of the best trials. At its last step the best, "
        f"{first['trial']}, has {number(_last(first['valid']))} on the validation rows and "
        f"{number(_last(first['train']))} on the training rows."
    )
    return Figure("fit", alt, views, 380, log=("yaxis",) if _positive(pairs) else (), switch="Metric")


def _data(pair: dict[str, Any]) -> list[dict[str, Any]]:
    traces = []
    for curve in reversed(pair["curves"][:SHOWN]):  # the best is drawn last, on top
        for part, dash in (("train", "dot"), ("valid", "solid")):
            values = curve[part]
            name = f"{curve['trial']}, {'training' if part == 'train' else 'validation'}"
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines" if len(values) > 1 else "markers",
                    "name": curve["trial"],
                    "legendgroup": curve["trial"],
                    "showlegend": part == "valid",
                    "legendrank": curve["rank"],
                    "x": curve["steps"],
                    "y": values,
                    "hovertext": [
                        f"{name}<br>step {step:,}: {number(value, 5)}"
                        for step, value in zip(curve["steps"], values, strict=True)
                    ],
                    "hoverinfo": "text",
                    "line": {
                        "color": f"@run{curve['rank'] - 1}",
                        "dash": dash,
                        "width": 2.5 if curve["rank"] == 1 else 1.3,
                    },
                }
            )
    return traces


def _layout(pair: dict[str, Any]) -> dict[str, Any]:
    end = max((step for curve in pair["curves"] for step in curve["steps"]), default=1)
    return layout(xaxis=whole("step", end, rangemode="tozero"), yaxis=axis(label(pair["valid"])))


def _positive(pairs: list[dict[str, Any]]) -> bool:
    values = (v for pair in pairs for curve in pair["curves"] for v in [*curve["train"], *curve["valid"]])
    return all(value > 0 for value in values if value is not None)


def _last(values: list[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)
